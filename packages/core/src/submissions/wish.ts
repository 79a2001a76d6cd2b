import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, SubmissionId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { Submission } from './submission.ts'

export type WishDependencies = Pick<CoreDependencies, 'db' | 'now'>

/** What a person wants of one submission, or of all of a company's. */
export type CompanyWish = { companyId: CompanyId; actor: string; requestId?: string }
export type Wish = CompanyWish & { submissionId: SubmissionId }

/** @throws FleetError NOT_FOUND */
export async function wishedOf(tx: CompanyTransaction, { submissionId }: Wish): Promise<Submission> {
  const submission = await tx.submissions.get(submissionId)
  if (submission === null) throw new FleetError('NOT_FOUND')
  return submission
}

/** Notes in the audit log who moved it and for what reason it had stood there, and answers it as it stands now. */
export async function noteWish(
  tx: CompanyTransaction,
  wish: Wish,
  { action, reason }: { action: 'hold' | 'release' | 'retry'; reason: string | null },
): Promise<Submission> {
  await tx.audit.append({
    ...byWhom(wish),
    action: `submission.${action}`,
    subject: wish.submissionId,
    outcome: 'ok',
    details: { reason },
  })
  return wishedOf(tx, wish)
}

export const byWhom = ({ actor, requestId }: CompanyWish) => ({
  actor,
  ...(requestId === undefined ? {} : { requestId }),
})

export const ringToSend = (tx: CompanyTransaction, { companyId }: CompanyWish): Promise<void> =>
  tx.outbox.add(ringOf(sendPending, { companyId }))
