import type { SessionInvoice } from '@ksef-fleet/ksef'
import type { CompanyTransaction } from '../stores.ts'
import type { Submission } from '../submissions/submission.ts'
import { waitUntil } from './apply-verdict.ts'
import { addSeconds, type DeliveryContext, waitAt } from './delivery-context.ts'
import type { Session } from './session.ts'

/**
 * Looks for a lost submission in its session's list, by hash. Found: it was sent. Not found: the list may lag, so it is
 * searched again after growing waits; then the session is closed, which ends every late POST, and only when it is absent
 * from the list of the settled session has it certainly not arrived.
 *
 * @param settled whether the list is that of a settled session, and whole
 */
export async function searchLost(
  context: DeliveryContext,
  submission: Submission,
  { session, list, settled }: { session: Session; list: readonly SessionInvoice[]; settled: boolean },
): Promise<void> {
  const now = context.now()
  const { searchSeconds, pollSeconds, giveUpSeconds } = context.timing
  const { fence } = submission
  await context.db.withCompany(submission.companyId, async (tx) => {
    const found = await findOwn(tx, submission, { session, list })
    if (found !== undefined) {
      const giveUpAt = submission.giveUpAt ?? addSeconds(now, giveUpSeconds)
      const set = { referenceNumber: found.referenceNumber, nextPollAt: now, polls: 0, giveUpAt }
      await tx.submissions.move(submission.id, { from: 'lost', to: 'sent', fence, set })
      context.log.info({ submissionId: submission.id }, 'delivery.lost-found')
      return
    }
    if (settled) {
      const set = { sessionId: null, nextAttemptAt: now, nextPollAt: null, giveUpAt: null }
      await tx.submissions.move(submission.id, { from: 'lost', to: 'pending', fence, set })
      context.log.info({ submissionId: submission.id }, 'delivery.lost-never-arrived')
      return
    }
    const polls = submission.polls + 1
    if (polls >= searchSeconds.length) {
      await tx.sessions.move(session.id, { from: 'open', to: 'closing', set: { nextPollAt: now } })
    }
    const schedule = polls < searchSeconds.length ? searchSeconds : pollSeconds
    const until = addSeconds(now, waitAt(schedule, polls))
    await waitUntil(context, tx, { submission, until })
  })
}

/** The entry of this sending: one with its hash that no other submission, and no earlier sending, was told about. */
async function findOwn(
  tx: CompanyTransaction,
  { invoiceHash, referenceNumber }: Submission,
  { session, list }: { session: Session; list: readonly SessionInvoice[] },
): Promise<SessionInvoice | undefined> {
  const candidates = list.filter((invoice) => invoice.invoiceHash === invoiceHash)
  if (candidates.length === 0) return undefined
  const others = await tx.submissions.ofSession(session.id, [
    'sent',
    'registered',
    'receipted',
    'rejected',
    'held',
  ])
  const known = new Set([referenceNumber, ...others.map((other) => other.referenceNumber)])
  return candidates.find((invoice) => !known.has(invoice.referenceNumber))
}
