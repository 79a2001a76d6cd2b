import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, SubmissionId } from '../identifiers.ts'
import { ringOf } from '../jobs/define-job.ts'
import { sendPending } from '../jobs/send-pending.ts'
import type { Submission } from './submission.ts'

/**
 * Lets a held invoice go again, as its owner decided: held → pending, due at once.
 *
 * @throws FleetError NOT_FOUND, SUBMISSION_NOT_HELD
 */
export async function releaseSubmission(
  deps: Pick<CoreDependencies, 'db' | 'now'>,
  request: { companyId: CompanyId; submissionId: SubmissionId; actor: string },
): Promise<Submission> {
  return deps.db.withCompany(request.companyId, async (tx) => {
    if ((await tx.submissions.get(request.submissionId)) === null) throw new FleetError('NOT_FOUND')
    const moved = await tx.submissions.move(request.submissionId, {
      from: 'held',
      to: 'pending',
      set: { reason: null, nextAttemptAt: deps.now() },
    })
    if (!moved) throw new FleetError('SUBMISSION_NOT_HELD')
    await tx.outbox.add(ringOf(sendPending, { companyId: request.companyId }))
    await tx.audit.append({
      actor: request.actor,
      action: 'submission.release',
      subject: request.submissionId,
      outcome: 'ok',
    })
    const released = await tx.submissions.get(request.submissionId)
    if (released === null) throw new FleetError('NOT_FOUND')
    return released
  })
}
