import { DatabaseFailure } from '../database-failure.ts'
import type { Submission } from '../submissions/submission.ts'
import { waitUntil } from './apply-verdict.ts'
import { addSeconds, type DeliveryContext, waitAt } from './delivery-context.ts'

type Failed = { error: unknown }

/**
 * Takes the step for each, one after the other, so that none keeps the others from their verdicts.
 *
 * @returns what the first one failed with, for a job that is to be seen as failed once all had their turn; null when none did.
 */
export async function eachByItself(
  context: DeliveryContext,
  submissions: readonly Submission[],
  step: (submission: Submission) => Promise<void>,
): Promise<Failed | null> {
  let first: Failed | null = null
  for (const submission of submissions) {
    if (context.signal.aborted) break
    const failed = await byItself(context, submission, () => step(submission))
    first ??= failed
  }
  return first
}

/** Takes the step. What cannot be written of it is logged, put off, and asked about again by itself. */
export async function byItself(
  context: DeliveryContext,
  submission: Submission,
  step: () => Promise<void>,
): Promise<Failed | null> {
  try {
    await step()
    return null
  } catch (error) {
    if (isOfAll(error)) throw error
    context.log.error({ submissionId: submission.id, state: submission.state, error }, 'delivery.step-failed')
    await putOff(context, submission)
    return { error }
  }
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
