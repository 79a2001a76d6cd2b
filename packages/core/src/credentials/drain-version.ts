import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { CompanyId, SessionId } from '../identifiers.ts'
import { type RotationTask, type StepOutcome, waiting } from './rotation-task.ts'

/**
 * Finishes what was begun under the version: its open sessions are closed at once instead of when they fall idle, and the
 * version waits until KSeF has settled them all.
 */
export async function drainVersion(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  return (await finishSessions(context, task)) === 0 ? { kind: 'moved', to: 'drained' } : waiting
}

/** Sessions of the version that are not settled, each of them closing from here on. Answers how many. */
export async function finishSessions(
  context: DeliveryContext,
  { credential, version }: RotationTask,
): Promise<number> {
  const { companyId } = credential
  const unsettled =
    companyId === null
      ? await context.db.asSystem('rotate-credentials', (tx) =>
          tx.credentials.unsettledSessions(credential.id, version.number),
        )
      : await context.db.withCompany(companyId, (tx) => tx.sessions.ofVersion(credential.id, version.number))
  for (const session of unsettled) await closeSoon(context, session)
  return unsettled.length
}

const closeSoon = (
  { db, now }: DeliveryContext,
  { companyId, id }: { companyId: CompanyId; id: SessionId },
): Promise<boolean> =>
  db.withCompany(companyId, (tx) =>
    tx.sessions.move(id, { from: 'open', to: 'closing', set: { nextPollAt: now(), polls: 0 } }),
  )
