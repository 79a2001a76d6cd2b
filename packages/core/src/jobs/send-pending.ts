import { z } from 'zod'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { holdWaiting, openAccess } from '../delivery/company-access.ts'
import { deliverInvoice } from '../delivery/deliver-invoice.ts'
import { addSeconds, type DeliveryContext } from '../delivery/delivery-context.ts'
import { openSendingSession } from '../delivery/sending-session.ts'
import { packGroup } from '../dispatch/pack-group.ts'
import type { PendingGroup } from '../dispatch/pending-group.ts'
import { type DispatchStep, planDispatch } from '../dispatch/plan-dispatch.ts'
import { readDispatchState } from '../dispatch/read-dispatch-state.ts'
import { CompanyId } from '../identifiers.ts'
import { isOutOfReach } from '../offline/availability.ts'
import type { CompanyTransaction } from '../stores.ts'
import { defineJob, ringOf } from './define-job.ts'

/** Single sends of one run: short enough that other companies' rings get their turn. */
const SENDS_MAX = 25
/** Plans of one run: what came meanwhile is planned with. */
const PLANS_MAX = 5

const Payload = z.object({ companyId: CompanyId })

/** Sends a company's pending invoices as the plan says: singly into the session all workers share, or in packages. */
export const sendPending = defineJob({
  name: 'send-pending',
  queue: 'send',
  schema: Payload,
  key: ({ companyId }) => `send-${companyId}`,
  async handler({ companyId }, context) {
    let sends = 0
    for (let plans = 0; plans < PLANS_MAX && sends < SENDS_MAX; plans++) {
      if (context.signal.aborted) return
      const next = await dispatch(context, companyId, SENDS_MAX - sends)
      // Whatever failed may have failed the integration, and what came back meanwhile waits for the same reason.
      if (next === 'stopped') return holdWaiting(context, companyId)
      if (next === 'idle') return
      sends += next.sent
    }
    await context.db.withCompany(companyId, (tx) => tx.outbox.add(ringOf(sendPending, { companyId })))
  },
})

/**
 * idle     nothing is due now, or another worker is at it; a timer says when to look again.
 * stopped  KSeF is closed to us, or does not answer as it should.
 */
type Next = { sent: number } | 'idle' | 'stopped'

async function dispatch(context: DeliveryContext, companyId: CompanyId, sendsMax: number): Promise<Next> {
  const { environment } = context
  const pending = await context.db.withCompany(companyId, async (tx) => {
    await tx.integrations.clearDispatchAt(environment)
    const due = await tx.packages.pending(environment)
    return due.length === 0 || (await isUnreachable(context, tx)) ? [] : due
  })
  if (pending.length === 0) return 'idle'
  const opened = await openAccess(context, companyId)
  if (!opened.ok) return 'stopped'
  const { ksef } = opened
  const plan = planDispatch(await readDispatchState(context, ksef, pending))
  const { waitUntil } = plan
  if (waitUntil !== null)
    await context.db.withCompany(companyId, (tx) =>
      tx.integrations.setDispatchAt(ksef.integration.id, waitUntil),
    )
  // Packages first: they are made elsewhere while singles are sent here.
  for (const step of plan.now) if (step.do === 'package') await packGroup(context, ksef, step)
  const sent = await sendSingles(context, ksef, { steps: plan.now, sendsMax })
  if (sent === 'stopped') return 'stopped'
  return plan.now.length === 0 ? 'idle' : { sent }
}

/** How long rows wait before somebody looks again whether KSeF is there; when it is, all are rung for at once. */
const UNREACHABLE_SECONDS = 60

/** While the fleet knows that KSeF cannot be reached, what waits is left alone: rows keep, and probes find out. */
async function isUnreachable(
  { environment, now }: DeliveryContext,
  tx: CompanyTransaction,
): Promise<boolean> {
  const seen = await tx.offline.availability(environment)
  if (seen === null || !isOutOfReach(seen, now())) return false
  const integration = await tx.integrations.current(environment)
  if (integration !== null)
    await tx.integrations.setDispatchAt(integration.id, addSeconds(now(), UNREACHABLE_SECONDS))
  return true
}

async function sendSingles(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { steps, sendsMax }: { steps: readonly DispatchStep[]; sendsMax: number },
): Promise<number | 'stopped'> {
  let sent = 0
  for (const step of steps) {
    if (step.do !== 'send') continue
    const wanted = Math.min(step.count, sendsMax - sent)
    for (let count = 0; count < wanted; count++) {
      if (context.signal.aborted) return sent
      const next = await sendNext(context, ksef, step.group)
      if (next === 'stopped') return 'stopped'
      if (next === 'none') break
      sent++
    }
  }
  return sent
}

async function sendNext(
  context: DeliveryContext,
  ksef: CompanyKsef,
  group: PendingGroup,
): Promise<'sent' | 'none' | 'stopped'> {
  const { companyId } = ksef
  const open = await openSendingSession(context, ksef, group)
  if (open === 'none' || open === 'stopped') return open
  const { environment } = context
  const leaseSeconds = context.timing.claimLeaseSeconds
  const submission = await context.db.withCompany(companyId, (tx) =>
    tx.submissions.claimNext({ environment, group, leaseSeconds }),
  )
  if (submission === null) return 'none'
  return (await deliverInvoice(context, ksef, { submission, open })) ? 'sent' : 'stopped'
}
