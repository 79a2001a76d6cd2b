import { z } from 'zod'
import { holdWaiting, openAccess } from '../delivery/company-access.ts'
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
      if (context.signal.aborted) return
      const next = await sendNext(context, companyId)
      // Whatever failed may have failed the integration, and what came back meanwhile waits for the same reason.
      if (next === 'stopped') return holdWaiting(context, companyId)
      if (next === 'idle') return
    }
    await context.db.withCompany(companyId, (tx) => tx.outbox.add(ringOf(sendPending, { companyId })))
  },
})

/**
 * sent     one invoice went its way, and the next may follow.
 * idle     none is due, or another worker is at it.
 * stopped  KSeF is closed to us, or does not answer as it should.
 */
type Next = 'sent' | 'idle' | 'stopped'

async function sendNext(context: DeliveryContext, companyId: CompanyId): Promise<Next> {
  const { environment } = context
  const formCode = await context.db.withCompany(companyId, (tx) => tx.submissions.nextDueForm(environment))
  if (formCode === null) return 'idle'
  const opened = await openAccess(context, companyId)
  if (!opened.ok) return 'stopped'
  const open = await openSendingSession(context, opened.ksef, formCode)
  if (open === null) return 'stopped'
  const leaseSeconds = context.timing.claimLeaseSeconds
  const submission = await context.db.withCompany(companyId, (tx) =>
    tx.submissions.claimNext({ environment, formCode, leaseSeconds }),
  )
  if (submission === null) return 'idle'
  return (await deliverInvoice(context, opened.ksef, { submission, open })) ? 'sent' : 'stopped'
}
