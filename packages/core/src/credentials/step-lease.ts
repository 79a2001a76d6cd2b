import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { addSeconds } from '../delivery/delivery-context.ts'
import type { VersionChange } from './credential.ts'
import { withCredentialOwner } from './credential-owner.ts'
import type { RotationTask } from './rotation-task.ts'

/**
 * Takes the step: the number of tries goes up, which only one of several workers can bring about, and the timer moves
 * beyond the lease. Answers the task as it stands then, or null when another worker has it.
 */
export async function leaseStep(context: DeliveryContext, task: RotationTask): Promise<RotationTask | null> {
  const { version } = task
  const { rotationLeaseSeconds } = context.timing
  const set = { tries: version.tries + 1, nextStepAt: addSeconds(context.now(), rotationLeaseSeconds) }
  return (await noteProgress(context, task, set)) ? { ...task, version: { ...version, ...set } } : null
}

/** Writes something down within the step; false when this worker slept and another took the step over. */
export const noteProgress = (
  context: DeliveryContext,
  { credential, version }: RotationTask,
  set: VersionChange,
): Promise<boolean> =>
  withCredentialOwner(context, credential.companyId, ({ credentials }) =>
    credentials.touchVersion(credential.id, version.number, {
      state: version.state,
      tries: version.tries,
      set,
    }),
  )
