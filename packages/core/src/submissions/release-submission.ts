import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { HELD_BY_PEOPLE } from './hold-submission.ts'
import type { Submission } from './submission.ts'
import {
  byWhom,
  type CompanyWish,
  noteWish,
  ringToSend,
  type Wish,
  type WishDependencies,
  wishedOf,
} from './wish.ts'

/**
 * Lets a held invoice go again, whatever it was held for, as its owner decided: held → pending, due at once. A correction
 * that was to go after its originals does not wait for them any more.
 *
 * @throws FleetError NOT_FOUND, SUBMISSION_NOT_HELD
 */
export async function releaseSubmission(deps: WishDependencies, wish: Wish): Promise<Submission> {
  return deps.db.withCompany(wish.companyId, async (tx) => {
    const { reason } = await wishedOf(tx, wish)
    const moved = await tx.submissions.move(wish.submissionId, {
      from: 'held',
      to: 'pending',
      set: { reason: null, waitsFor: null, nextAttemptAt: deps.now() },
    })
    if (!moved) throw new FleetError('SUBMISSION_NOT_HELD')
    await ringToSend(tx, wish)
    return noteWish(tx, wish, { action: 'release', reason: reason?.code ?? null })
  })
}

/**
 * Lets everything go that people hold of a company. What is held for another reason needs a look of its own, and so does a
 * correction one of whose originals was rejected meanwhile: it stays held, for that.
 *
 * @returns how many.
 * @throws FleetError NOT_FOUND
 */
export async function releaseSubmissions(
  deps: Pick<CoreDependencies, 'db' | 'environment'>,
  wish: CompanyWish,
): Promise<number> {
  return deps.db.withCompany(wish.companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    const released = await tx.submissions.release(deps.environment, [HELD_BY_PEOPLE])
    await ringToSend(tx, wish)
    await tx.audit.append({
      ...byWhom(wish),
      action: 'submission.release-all',
      subject: wish.companyId,
      outcome: 'ok',
      details: { released },
    })
    return released
  })
}
