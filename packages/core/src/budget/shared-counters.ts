import { z } from 'zod'
import type { Log } from '../log.ts'
import { followCalls } from './calls-under-way.ts'
import type { Counted } from './counted.ts'
import type { SeenCounter } from './group-budget.ts'
import { DAWDLE_MS } from './limit-windows.ts'
import type { ProcessBudget } from './process-budget.ts'
import type { BudgetScope } from './rate-budget.ts'
import { ALONE_AFTER_MS, type BudgetRedis } from './redis-scripts.ts'

/** When these counters began: gone with them, so that its absence tells of their loss. */
const BIRTH_KEY = 'fleet-budget-birth'
/** There while workers tell what they called without Redis. */
const SETTLING_KEY = 'fleet-budget-settling'
/** By how much a replica may have been behind that takes the place of the Redis before. */
const BEHIND_MS = 60_000
/** Counters told of in one step, after a loss. */
const TOLD_AT_ONCE = 20
/** A counter that is told of lives no longer than its longest window. */
const KEPT_MS = 3_600_000 + DAWDLE_MS

const Answer = z.tuple([z.number(), z.number(), z.number(), z.number()])
const Seen = z.array(z.tuple([z.number(), z.array(z.tuple([z.number(), z.number(), z.number()]))]))

export type SharedCountersDependencies = {
  redis: BudgetRedis
  now: () => Date
  randomBytes: (length: number) => Uint8Array
  log: Log
  /** What this process called by itself, to be told when Redis does not know it. */
  mine: Pick<ProcessBudget, 'calls' | 'keys' | 'note' | 'retime'>
}

type Asked = {
  id: string
  counts: boolean
  ageMs: number
  counters: {
    windows: { ms: number; limit: number }[]
    keepMs: number
    blockedMs: number
    told: [ageMs: number, id: string][]
  }[]
}

/** The counters in Redis; null from a question means that Redis is away. */
export function createSharedCounters(deps: SharedCountersDependencies) {
  const { now, randomBytes, mine } = deps
  const own = Buffer.from(randomBytes(9)).toString('base64url')
  let ids = 0
  const { run, awayMs } = tolerantly(deps)
  let isSettlingDue = false
  let losses = 0
  /** Behind a new connection there may be another Redis, and whoever else calls may know calls that it never heard of. */
  const noticeLoss = () => {
    if (losses === deps.redis.losses()) return
    losses = deps.redis.losses()
    isSettlingDue = true
    memory.recall(now().getTime() - BEHIND_MS)
  }
  const ask = async (script: 'take' | 'peek', keys: readonly string[], asked: Asked) => {
    // Whoever finds Redis again may have counted by itself, as others may have, and they all tell it first.
    isSettlingDue ||= awayMs() >= ALONE_AFTER_MS
    const settles = isSettlingDue && script === 'take'
    const counters = keys.flatMap((key) => [key, `${key}-block`])
    const argument = JSON.stringify({ ...asked, settles })
    const answer = await run(script, [BIRTH_KEY, SETTLING_KEY, ...counters], argument)
    if (answer !== null && settles) isSettlingDue = false
    return answer
  }
  const memory = createMemory(deps, (keys, asked) => ask('take', keys, asked))
  const callsUnderWay = followCalls({ now, mine, run, tellLater: memory.remember })
  return {
    newId: () => `${own}-${++ids}`,
    /** For how long no question has been answered; 0 while Redis answers. */
    awayMs,
    async begin() {
      noticeLoss()
      callsUnderWay.retimeLong()
      await memory.begin()
    },
    follow: callsUnderWay.follow,
    async take(scope: BudgetScope, counted: readonly Counted[], id: string) {
      noticeLoss()
      const keys = counted.map(({ key }) => key)
      const asked = askedOf(counted, { id, ageMs: ageOf(scope, now()), told: memory.untold })
      // What is learnt while this one is under way was not told with it.
      const told = keys.filter(memory.isUnknown)
      const answer = await ask('take', keys, asked)
      if (answer === null) return null
      // At once: an answer right behind this one may tell of a loss, and then all is told that is noted.
      if (isGranted(answer)) mine.note(counted, id)
      return memory.learn(answer, told)
    },
    async peek(scope: BudgetScope, counted: readonly Counted[]): Promise<SeenCounter[] | null> {
      const keys = counted.map(({ key }) => key)
      const asked = askedOf(counted, { id: '', ageMs: ageOf(scope, now()), told: () => [] })
      const answer = await ask('peek', keys, asked)
      if (answer === null) return null
      return Seen.parse(answer).map(([blockedMs, windows]) => ({
        blockedMs,
        windows: windows.map(([limit, used, freeMs]) => ({ limit, used, freeMs })),
      }))
    },
    async block(key: string, ms: number) {
      await run('block', [`${key}-block`], String(Math.ceil(ms)))
    },
    /** Made without Redis: it is told of when it is back. */
    tellLater(counted: readonly Counted[]) {
      isSettlingDue = true
      memory.remember(counted)
    },
  }
}

/** Runs scripts as long as Redis is there, and knows for how long it has not been. */
function tolerantly({ redis, log, now }: SharedCountersDependencies) {
  let awaySince: number | null = null
  const run: BudgetRedis['run'] = async (script, keys, argument) => {
    const at = now().getTime()
    try {
      const answer = await redis.run(script, keys, argument)
      if (awaySince !== null) log.info({}, 'budget.redis-back')
      awaySince = null
      return answer
    } catch (error) {
      if (awaySince === null)
        log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'budget.redis-away')
      awaySince ??= at
      return null
    }
  }
  return { run, awayMs: () => (awaySince === null ? 0 : now().getTime() - awaySince) }
}

/** What this process called and Redis may not know as it was: made without it, lost with it, not copied before a failover, or later than told. */
function createMemory(
  { now, log, mine }: SharedCountersDependencies,
  take: (keys: readonly string[], asked: Asked) => Promise<unknown>,
) {
  let birth: number | null = null
  /** The counters to be told of, each with the moment since when. */
  const unknown = new Map<string, number>()
  let telling: Promise<void> | null = null

  const untold = (key: string): [number, string][] => {
    const at = now().getTime()
    const since = unknown.get(key) ?? Number.POSITIVE_INFINITY
    const calls = mine.calls(key).filter((call) => call.at >= since)
    return calls.map((call) => [Math.max(0, at - call.at), call.id])
  }
  const doubt = (key: string, since: number) =>
    unknown.set(key, Math.min(unknown.get(key) ?? Number.POSITIVE_INFINITY, since))
  const learn = (answer: unknown, told: readonly string[]) => {
    const [waitMs, blockedMs, born] = Answer.parse(answer)
    for (const key of told) unknown.delete(key)
    if (birth !== null && birth !== born) {
      log.warn({}, 'budget.counters-lost')
      for (const key of mine.keys()) doubt(key, 0)
    }
    birth = born
    if (unknown.size > 0) void tellOnce()
    return [waitMs, blockedMs] as const
  }
  const tell = async (): Promise<void> => {
    while (unknown.size > 0) {
      const keys = [...unknown.keys()].slice(0, TOLD_AT_ONCE)
      const counters = keys.map((key) => ({ windows: [], keepMs: KEPT_MS, blockedMs: 0, told: untold(key) }))
      const answer = await take(keys, { ...NOTHING, counters })
      if (answer === null) return
      learn(answer, keys)
    }
  }
  const tellOnce = (): Promise<void> => {
    telling ??= tell().finally(() => {
      telling = null
    })
    return telling
  }
  return {
    untold,
    isUnknown: (key: string) => unknown.has(key),
    learn,
    remember(counted: readonly Counted[]) {
      for (const { key, windows } of counted) if (windows.length > 0) doubt(key, 0)
    },
    /** Redis may be another one by now, which was behind: it has the same birth and lacks the last calls. */
    recall(since: number) {
      for (const key of mine.keys()) if ((mine.calls(key).at(-1)?.at ?? 0) >= since) doubt(key, since)
    },
    /** Learns whether the counters were lost, and tells them what it knows. */
    async begin() {
      const answer = await take([], NOTHING)
      if (answer === null) return
      learn(answer, [])
      await telling
    },
  }
}

const isGranted = (answer: unknown): boolean => Answer.parse(answer)[0] === 0

const NOTHING: Asked = { id: '', counts: false, ageMs: 0, counters: [] }

const ageOf = ({ since }: BudgetScope, now: Date): number =>
  since === null ? -1 : Math.max(0, now.getTime() - since.getTime())

const askedOf = (
  counted: readonly Counted[],
  by: { id: string; ageMs: number; told: (key: string) => [number, string][] },
): Asked => ({
  id: by.id,
  counts: true,
  ageMs: by.ageMs,
  counters: counted.map(({ key, windows, blockedMs }) => ({
    windows: windows.map(({ ms, limit }) => ({ ms, limit })),
    keepMs: windows.at(-1)?.ms ?? 0,
    blockedMs,
    told: by.told(key),
  })),
})
