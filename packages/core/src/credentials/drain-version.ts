import { addSeconds, type DeliveryContext } from '../delivery/delivery-context.ts'
import type { CompanyId, SessionId } from '../identifiers.ts'
import { type RotationTask, type StepOutcome, waiting } from './rotation-task.ts'

/**
 * KSeF itself closes a session after twelve hours. One that is not settled after two such spans is not kept from its end by
 * this version: the integration does not work, and when it does again the version active then asks about it.
 */
const DRAIN_HOURS_MAX = 24

/**
 * Finishes what was begun under the version: its open sessions are closed at once instead of when they fall idle, and the
 * version waits until KSeF has settled them all.
 */
export async function drainVersion(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  if (await isDrained(context, task)) return { kind: 'moved', to: 'drained' }
  return waiting
}

/** Closes what is open; true when nothing is left to wait for. */
export async function isDrained(context: DeliveryContext, task: RotationTask): Promise<boolean> {
  const unsettled = await finishSessions(context, task)
  const { retiredAt } = task.version
  const over = retiredAt !== null && addSeconds(retiredAt, DRAIN_HOURS_MAX * 3600) <= context.now()
  return unsettled === 0 || over
}

/**
 * Sessions of the version that are not at their end, each of them closing from here on. Answers how many. An invoice whose
 * outcome is unknown keeps its session from its end: it is searched while this version can still ask.
 */
async function finishSessions(
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
