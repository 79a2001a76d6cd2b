/**
 * Whether KSeF can be reached, for the whole fleet: every worker adds its own calls to a common count, and one at a time looks.
 * What follows from the counts, from probes and from the lighthouse decides `offlinePolicy` of packages/ksef; here it is
 * asked, written down and acted on. The lighthouse's announcements become outages, by which deadlines are counted.
 */
import {
  type LighthouseClient,
  type LighthouseMessage,
  type LighthouseStatus,
  type Outage,
  OWN_CALLS_WINDOW_MS,
  type OwnCalls,
  offlinePolicy,
  outagesOf,
  PROBE_AGE_MAX_MS,
  PROBE_EVERY_MS,
  type Probe,
} from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { Log } from '../log.ts'
import type { KsefAvailability, StoredProbe } from './availability.ts'

export type AvailabilityWatch = Pick<CoreDependencies, 'db' | 'environment' | 'now'> & {
  log: Log
  /** Calls of this process since it was last asked. */
  takeCalls: () => OwnCalls
  /** One call of KSeF that needs no sign-in: whether it was answered. */
  probe: () => Promise<boolean>
  /** null: there is none that is worth asking. */
  lighthouse: Pick<LighthouseClient, 'status' | 'messages'> | null
  timing: AvailabilityTiming
}

export type AvailabilityTiming = {
  /** Between looks while all is well. */
  lookSeconds: number
  /** Between probes while it is not. */
  probeSeconds: number
}

export const AVAILABILITY_TIMING: AvailabilityTiming = {
  lookSeconds: 30,
  probeSeconds: PROBE_EVERY_MS / 1000,
}

/** A look that nobody ends is taken over after so long: longer than a probe and the lighthouse may take. */
const LOOK_SECONDS = 60

/** One round: counts, and a look where one is due. Answers what was seen, or null when it was not this worker's to look. */
export async function watchAvailability(watch: AvailabilityWatch): Promise<KsefAvailability | null> {
  const { db, environment } = watch
  const counted = watch.takeCalls()
  const taken = await db.asSystem('watch-availability', async (tx) => {
    if (counted.calls > 0) await tx.availability.countCalls(environment, counted)
    const before = await tx.availability.takeLook(environment, LOOK_SECONDS)
    if (before === null) return null
    return { before, ownCalls: await tx.availability.ownCalls(environment, OWN_CALLS_WINDOW_MS) }
  })
  if (taken === null) return null
  const told = await askLighthouse(watch)
  const probed = await probe(watch, taken)
  const seen = judge(watch, { ...taken, probed, lighthouse: told?.status ?? null })
  await db.asSystem('watch-availability', async (tx) => {
    await tx.availability.save(seen)
    if (told !== null) await tx.outages.takeOver(environment, announced(told.messages))
    if (taken.before.availability.state === 'offline' && seen.availability.state === 'online')
      await tx.availability.dispatchAll(environment)
  })
  if (seen.availability.state !== taken.before.availability.state)
    watch.log.warn({ state: seen.availability.state, environment, ...taken.ownCalls }, 'ksef.availability')
  return { ...taken.before, ...seen }
}

type Looked = { before: KsefAvailability; ownCalls: OwnCalls }

/** While all is well nobody probes: own calls say enough. A first suspicion is looked into at once. */
async function probe(watch: AvailabilityWatch, { before, ownCalls }: Looked): Promise<Probe | null> {
  const now = watch.now()
  const probes = recent(before.probes, now)
  const suspicion = offlinePolicy({ before: before.availability, ownCalls, probes, lighthouse: null, now })
  if (suspicion.state === 'online' && before.availability.state === 'online') return null
  const last = probes.at(-1)
  if (last !== undefined && now.getTime() - last.at.getTime() < watch.timing.probeSeconds * 1000) return null
  return { at: now, reached: await watch.probe() }
}

function judge(
  { environment, now, timing }: AvailabilityWatch,
  {
    before,
    ownCalls,
    probed,
    lighthouse,
  }: Looked & { probed: Probe | null; lighthouse: LighthouseStatus | null },
): Omit<KsefAvailability, 'outagesChangedAt'> {
  const at = now()
  const probes = [...recent(before.probes, at), ...(probed === null ? [] : [probed])]
  const suspicion = offlinePolicy({ before: before.availability, ownCalls, probes, lighthouse, now: at })
  const isSame = suspicion.state === before.availability.state
  const seconds =
    suspicion.state === 'online' ? timing.lookSeconds : Math.min(timing.lookSeconds, timing.probeSeconds)
  return {
    environment,
    availability: suspicion,
    since: isSame ? before.since : at,
    probes: probes.map(({ at: moment, reached }): StoredProbe => ({ at: moment.toISOString(), reached })),
    lighthouse,
    lookedAt: at,
    nextLookAt: new Date(at.getTime() + seconds * 1000),
  }
}

const recent = (probes: readonly StoredProbe[], now: Date): Probe[] =>
  probes
    .map(({ at, reached }) => ({ at: new Date(at), reached }))
    .filter(({ at }) => now.getTime() - at.getTime() <= PROBE_AGE_MAX_MS)

type Lighthouse = { status: LighthouseStatus; messages: readonly LighthouseMessage[] }

async function askLighthouse({ lighthouse, log }: AvailabilityWatch): Promise<Lighthouse | null> {
  if (lighthouse === null) return null
  const [status, messages] = await Promise.all([lighthouse.status(), lighthouse.messages()])
  if (status.ok && messages.ok) return { status: status.value.status, messages: messages.value }
  const failed = status.ok ? messages : status
  if (!failed.ok) log.info({ code: failed.failure.code }, 'lighthouse.unread')
  return status.ok ? { status: status.value.status, messages: status.value.messages } : null
}

/** People write these messages: an outage that ends before it begins was none. */
const inOrder = (outage: Outage): Outage =>
  outage.end !== null && outage.end < outage.start ? { ...outage, end: outage.start } : outage

/** The outages of the messages, each under the number of its event. */
function announced(messages: readonly LighthouseMessage[]): (Outage & { reference: string })[] {
  const events = Map.groupBy(messages, ({ eventId }) => eventId)
  return [...events].flatMap(([eventId, told]) =>
    outagesOf(told).map((outage, at) => ({
      ...inOrder(outage),
      reference: at === 0 ? eventId : `${eventId} ${at}`,
    })),
  )
}
