import { DatabaseFailure } from '../database-failure.ts'
import type { Submission } from '../submissions/submission.ts'
import { waitUntil } from './apply-verdict.ts'
import { addSeconds, type DeliveryContext, waitAt } from './delivery-context.ts'

/**
 * Takes the step for each, one after the other. What cannot be written of one must not keep the others from their verdicts:
 * it is logged, put off, and asked about again by itself.
 *
 * @returns what the first one failed with, for a job that is to be seen as failed once all had their turn; null when none did.
 */
export async function eachByItself(
  context: DeliveryContext,
  submissions: readonly Submission[],
  step: (submission: Submission) => Promise<void>,
): Promise<{ error: unknown } | null> {
  let first: { error: unknown } | null = null
  for (const submission of submissions) {
    if (context.signal.aborted) break
    try {
      await step(submission)
    } catch (error) {
      if (isOfAll(error)) throw error
      first ??= { error }
      context.log.error(
        { submissionId: submission.id, state: submission.state, error },
        'delivery.step-failed',
      )
      await putOff(context, submission)
    }
  }
  return first
}

/** A database that is away fails the next one as well. */
const isOfAll = (error: unknown): boolean => error instanceof DatabaseFailure && error.kind === 'unavailable'

/** Later each time. Where not even that can be written, it stays due, and the sweeper rings for it in its own time. */
async function putOff(context: DeliveryContext, submission: Submission): Promise<void> {
  const until = addSeconds(context.now(), waitAt(context.timing.retrySeconds, submission.polls))
  await context.db
    .withCompany(submission.companyId, (tx) => waitUntil(context, tx, { submission, until }))
    .catch((error: unknown) => {
      context.log.error({ submissionId: submission.id, error }, 'delivery.not-put-off')
    })
}
