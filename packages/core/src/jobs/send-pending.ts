import { z } from 'zod'
import { openAccess } from '../delivery/company-access.ts'
import { deliverInvoice } from '../delivery/deliver-invoice.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { openSendingSession } from '../delivery/sending-session.ts'
import { CompanyId } from '../identifiers.ts'
import { defineJob, ringOf } from './define-job.ts'

/** Sends of one run: short enough that other companies' rings get their turn. */
const SENDS_MAX = 25

const Payload = z.object({ companyId: CompanyId })

/** Sends a company's pending invoices, one after the other, each form into the session all workers share. */
export const sendPending = defineJob({
  name: 'send-pending',
  queue: 'send',
  schema: Payload,
  key: ({ companyId }) => `send-${companyId}`,
  async handler({ companyId }, context) {
    for (let sends = 0; sends < SENDS_MAX; sends++) {
      if (context.signal.aborted || !(await sendNext(context, companyId))) return
    }
    await context.db.withCompany(companyId, (tx) => tx.outbox.add(ringOf(sendPending, { companyId })))
  },
})

/** False when nothing more can be sent now: none is due, KSeF is closed to us, or another worker is at it. */
async function sendNext(context: DeliveryContext, companyId: CompanyId): Promise<boolean> {
  const { environment } = context
  const formCode = await context.db.withCompany(companyId, (tx) => tx.submissions.nextDueForm(environment))
  if (formCode === null) return false
  const opened = await openAccess(context, companyId)
  if (!opened.ok) return false
  const open = await openSendingSession(context, opened.access, formCode)
  if (open === null) return false
  const leaseSeconds = context.timing.claimLeaseSeconds
  const submission = await context.db.withCompany(companyId, (tx) =>
    tx.submissions.claimNext({ environment, formCode, leaseSeconds }),
  )
  if (submission === null) return false
  return deliverInvoice(context, opened.access, { submission, open })
}
