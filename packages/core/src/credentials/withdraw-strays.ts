import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { revokeStrayCertificates } from './enrol-certificate.ts'
import { type Entered, enterByActive } from './enter-ksef.ts'
import { enterByCertificate } from './helping-certificate.ts'
import { revokeStrayTokens } from './make-token.ts'
import type { RotationTask, StepOutcome } from './rotation-task.ts'

/**
 * Revokes what KSeF made for a version and nobody uses: the answer was lost, or a worker died with it. Null when nothing
 * is left, or nothing was ever asked for.
 */
export async function withdrawStrays(
  context: DeliveryContext,
  task: RotationTask,
): Promise<StepOutcome | null> {
  const { origin } = task.version
  if (origin === 'supplied') return null
  const entered =
    origin === 'generated' ? await byCertificate(context, task) : await enterByActive(context, task)
  if (!entered.ok) return isShutOut(entered.outcome) ? NOBODY.outcome : entered.outcome
  const { entry } = entered
  const revokeStrays = origin === 'generated' ? revokeStrayTokens : revokeStrayCertificates
  return revokeStrays(task, entry)
}

/** KSeF lets the one who could look in no more: asking again changes nothing. */
const isShutOut = (outcome: StepOutcome): boolean =>
  outcome.kind === 'refused' && meaningOfRefusal(outcome.failure) !== 'passes'

const NOBODY: Extract<Entered, { ok: false }> = {
  ok: false,
  outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' },
}

async function byCertificate(context: DeliveryContext, task: RotationTask): Promise<Entered> {
  const at = task.credential.context
  return at === null ? NOBODY : enterByCertificate(context, task, at)
}
