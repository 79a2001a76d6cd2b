import type { SessionInvoice } from '@ksef-fleet/ksef'
import type { CompanyTransaction } from '../stores.ts'
import type { Submission } from '../submissions/submission.ts'
import { afterSearch } from './after-search.ts'
import { RESENDS_MAX } from './after-status.ts'
import { waitUntil } from './apply-verdict.ts'
import { addSeconds, type DeliveryContext } from './delivery-context.ts'
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
  const { fence } = submission
  const tell = (moved: boolean, what: 'found' | 'never-arrived'): void => {
    if (moved) context.log.info({ submissionId: submission.id }, `delivery.lost-${what}`)
  }
  await context.db.withCompany(submission.companyId, async (tx) => {
    const known = await knownIn(tx, submission, { session, list })
    const after = afterSearch(submission, { list, known, settled }, context.timing)
    if (after.to === 'sent') {
      const giveUpAt = submission.giveUpAt ?? addSeconds(now, context.timing.giveUpSeconds)
      const set = { referenceNumber: after.referenceNumber, nextPollAt: now, polls: 0, giveUpAt }
      tell(await tx.submissions.move(submission.id, { from: 'lost', to: 'sent', fence, set }), 'found')
      return
    }
    if (after.to === 'pending' && (await isRefusedTooOften(tx, submission))) {
      const set = { reason: { code: 'DELIVERY_KEEPS_FAILING' as const }, nextPollAt: null }
      await tx.submissions.move(submission.id, { from: 'lost', to: 'held', fence, set })
      return
    }
    if (after.to === 'pending') {
      const set = { sessionId: null, nextAttemptAt: now, nextPollAt: null, giveUpAt: null }
      const moved = await tx.submissions.move(submission.id, { from: 'lost', to: 'pending', fence, set })
      tell(moved, 'never-arrived')
      return
    }
    if (after.closeSession) {
      await tx.sessions.move(session.id, { from: 'open', to: 'closing', set: { nextPollAt: now } })
    }
    await waitUntil(context, tx, { submission, until: addSeconds(now, after.seconds) })
  })
}

/**
 * What is refused without a word of why, and never arrives, may be refused for ever: unlike an answer that stays away, that is no
 * trouble of the line which passes by itself.
 */
async function isRefusedTooOften(tx: CompanyTransaction, { id }: Submission): Promise<boolean> {
  const attempts = await tx.attempts.list(id)
  return attempts.filter(({ code }) => code === 'KSEF_UNKNOWN_CODE').length >= RESENDS_MAX
}

/** Entries that no search may take for this sending: other submissions', and an earlier sending's of this one. */
async function knownIn(
  tx: CompanyTransaction,
  { invoiceHash, referenceNumber }: Submission,
  { session, list }: { session: Session; list: readonly SessionInvoice[] },
): Promise<Set<string | null>> {
  if (!list.some((invoice) => invoice.invoiceHash === invoiceHash)) return new Set()
  const others = await tx.submissions.ofSession(session.id, [
    'sent',
    'registered',
    'receipted',
    'rejected',
    'held',
  ])
  return new Set([referenceNumber, ...others.map((other) => other.referenceNumber)])
}
