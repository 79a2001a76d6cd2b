import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { outcomeOf, type ReasonCode } from './outcome.ts'
import type { Submission, SubmissionReason } from './submission.ts'
import { byWhom, type CompanyWish, noteWish, type Wish, type WishDependencies, wishedOf } from './wish.ts'

/** No verification releases what stands here for this: only a person does. */
export const HELD_BY_PEOPLE = 'HELD_BY_REQUEST' satisfies ReasonCode

export type Noted = { note?: string }

/**
 * Keeps an invoice that waits from being sent, until somebody releases it: pending → held.
 *
 * @throws FleetError NOT_FOUND, SUBMISSION_NOT_PENDING
 */
export async function holdSubmission(deps: WishDependencies, wish: Wish & Noted): Promise<Submission> {
  return deps.db.withCompany(wish.companyId, async (tx) => {
    const { reason } = await wishedOf(tx, wish)
    const set = { reason: reasonFor(wish) }
    if (await tx.submissions.move(wish.submissionId, { from: 'pending', to: 'held', set }))
      return noteWish(tx, wish, { action: 'hold', reason: reason?.code ?? null })
    throw notPending(await wishedOf(tx, wish))
  })
}

/**
 * Keeps everything of a company that waits now from being sent. What is accepted afterwards goes its way.
 *
 * @returns how many.
 * @throws FleetError NOT_FOUND
 */
export async function holdSubmissions(
  deps: Pick<CoreDependencies, 'db' | 'environment'>,
  wish: CompanyWish & Noted,
): Promise<number> {
  return deps.db.withCompany(wish.companyId, async (tx) => {
    if ((await tx.companies.get()) === null) throw new FleetError('NOT_FOUND')
    const held = await tx.submissions.hold(deps.environment, reasonFor(wish))
    await tx.audit.append({
      ...byWhom(wish),
      action: 'submission.hold-all',
      subject: wish.companyId,
      outcome: 'ok',
      details: { held },
    })
    return held
  })
}

const reasonFor = ({ note }: Noted): SubmissionReason => ({
  code: HELD_BY_PEOPLE,
  ...(note === undefined ? {} : { note }),
})

function notPending(submission: Submission): FleetError {
  const { code, meaning } = outcomeOf(submission)
  return new FleetError('SUBMISSION_NOT_PENDING', {
    detail: `It is ${submission.state}, ${code}: ${meaning.en}`,
  })
}
