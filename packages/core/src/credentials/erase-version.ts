import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { type RotationTask, type StepOutcome, triesAreOver, waiting } from './rotation-task.ts'
import { withdrawStrays } from './withdraw-strays.ts'

/**
 * Erases the version's secret; with the last one of a revoked credential whatever else rests under its name. A version
 * that failed while KSeF was making it may have left something there: that is looked for and revoked first, as long as it
 * can be.
 */
export async function eraseVersion(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { credential, version } = task
  // Oldest first, so that of two workers exactly one erases the last.
  if (credential.state === 'ending' && isAnyLeft(task, ({ number }) => number < version.number))
    return waiting
  const left = version.state === 'failed' ? await withdrawStrays(context, task) : null
  if (left !== null && left.kind !== 'impossible' && !triesAreOver(version)) return left
  if (isLast(task)) await context.secrets.eraseSecret(credential)
  else await eraseOwn(context, task)
  await context.secrets.announceChange(credential.id)
  return {
    kind: 'moved',
    to: 'erased',
    set: { erasedAt: context.now(), nextStepAt: null, nextNoticeAt: null, failure: version.failure },
    ...(left === null ? {} : { says: { outcome: 'failed', reason: 'KSeF may still hold what it made' } }),
  }
}

async function eraseOwn({ secrets }: DeliveryContext, { credential, version }: RotationTask): Promise<void> {
  if (version.secretVersion !== null) await secrets.eraseVersion(credential, version.secretVersion)
  await secrets.eraseStrays(credential, version.number, null)
}

/** With it the credential ends. */
export const isLast = (task: RotationTask): boolean =>
  task.credential.state === 'ending' && !isAnyLeft(task, ({ number }) => number !== task.version.number)

const isAnyLeft = (
  { versions }: RotationTask,
  among: (version: RotationTask['version']) => boolean,
): boolean => versions.some((one) => among(one) && one.state !== 'erased')
