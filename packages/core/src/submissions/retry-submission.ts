/**
 * A rejection whose cause lay outside the document, such as a consent that was missing, is worth another try of the very same
 * bytes once the cause is mended. A rejection of the document itself is not: KSeF would say the same again.
 *
 * What keeps a retried invoice from being mixed up with its earlier sending:
 * - its number may be another's by now, and the unique key over numbers, which leaves rejected ones out, lets it back only
 *   while it is free;
 * - the session that lists the rejected sending takes nothing any more, so that no session ever lists one submission twice
 *   and a search by hash finds the right entry;
 * - the next claim has a fence of its own, so that whoever still judges the earlier sending moves nothing.
 */

import { isConflict } from '../database-failure.ts'
import { FleetError } from '../errors.ts'
import type { CompanyTransaction } from '../stores.ts'
import { actionsOn, outcomeOf } from './outcome.ts'
import type { Submission } from './submission.ts'
import { noteWish, ringToSend, type Wish, type WishDependencies, wishedOf } from './wish.ts'

/**
 * Has a rejected invoice sent again: rejected → pending, due at once.
 *
 * @throws FleetError NOT_FOUND, SUBMISSION_NOT_REJECTED, RETRY_POINTLESS, DOCUMENT_ERASED, INVOICE_DUPLICATE which names the one that has the
 *   number now
 */
export async function retrySubmission(deps: WishDependencies, wish: Wish): Promise<Submission> {
  const { submissionId, companyId } = wish
  try {
    return await deps.db.withCompany(companyId, async (tx) => {
      const submission = await wishedOf(tx, wish)
      assertRetriable(submission)
      const moved = await tx.submissions.move(submissionId, {
        from: 'rejected',
        to: 'pending',
        // Judged by what was read: rejected again meanwhile, it may be for another reason.
        fence: submission.fence,
        set: { reason: null, nextAttemptAt: deps.now(), nextPollAt: null },
      })
      if (!moved) throw notRejected(await wishedOf(tx, wish))
      // Only now: an erasure holds what it moves.
      const header = await tx.documents.header(submission.documentId)
      if (header?.erasedAt != null) throw new FleetError('DOCUMENT_ERASED')
      await leaveSession(deps, tx, submission)
      await tx.submissions.awaitInstead(submissionId, submissionId)
      await ringToSend(tx, wish)
      return noteWish(tx, wish, { action: 'retry', reason: submission.reason?.code ?? null })
    })
  } catch (error) {
    if (!isConflict(error)) throw error
    const other = await deps.db.withCompany(companyId, async (tx) =>
      tx.submissions.findByNumber(await wishedOf(tx, wish)),
    )
    if (other !== null) throw new FleetError('INVOICE_DUPLICATE', { existingId: other.id })
    // The other one was rejected a moment ago itself, and the number is free again.
    return retrySubmission(deps, wish)
  }
}

function assertRetriable(submission: Submission): void {
  if (submission.state !== 'rejected') throw notRejected(submission)
  if (actionsOn(submission).includes('retry')) return
  const { code, whatToDo } = outcomeOf(submission)
  throw new FleetError('RETRY_POINTLESS', { detail: `${code}: ${whatToDo.en}` })
}

function notRejected(submission: Submission): FleetError {
  const { code, meaning } = outcomeOf(submission)
  return new FleetError('SUBMISSION_NOT_REJECTED', {
    detail: `It is ${submission.state}, ${code}: ${meaning.en}`,
  })
}

async function leaveSession(
  { now }: WishDependencies,
  tx: CompanyTransaction,
  { sessionId }: Submission,
): Promise<void> {
  if (sessionId === null) return
  await tx.sessions.move(sessionId, { from: 'open', to: 'closing', set: { nextPollAt: now() } })
}
