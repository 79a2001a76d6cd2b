/** What the stories of the rate budget stand on: budgets of workers over a real Redis, each test behind an address of its own. */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type BudgetRedis,
  type BudgetScope,
  createSharedBudget,
  type LimitStanding,
  type Log,
  type RateBudget,
  type SharedBudget,
} from '@ksef-fleet/core'
import { PUBLISHED_LIMITS, type RateLimits, UNBOUND } from '@ksef-fleet/ksef'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach } from 'vitest'
import { connectCacheRedis } from '../src/redis.ts'
import { redisRateBudget } from '../src/redis-rate-budget.ts'

const url = process.env.FLEET_TEST_REDIS_URL ?? ''
/** Events that budgets told of in this test. */
export const said: string[] = []
const say = (_: unknown, event: string) => void said.push(event)
const log: Log = { info: say, warn: say, error: say }
const now = () => new Date()

/** What KSeF allows a second is allowed a minute here, so that no machine is too slow to spend it. */
export const UNHURRIED: RateLimits = Object.fromEntries(
  Object.entries(PUBLISHED_LIMITS).map(([group, { perSecond, perHour }]) => [
    group,
    { perSecond: UNBOUND, perMinute: perSecond, perHour },
  ]),
)

/** A context is known for longer than a question is under way, or it would seem to have come after the loss. */
export const KNOWN_BEFORE_MS = 1_000

const open: Redis[] = []
export const connect = (to = url): Redis => {
  const redis = connectCacheRedis(to, log)
  open.push(redis)
  return redis
}
/** A worker's budget, on a connection of its own. */
export const aWorker = (to = url): SharedBudget => aBudgetOver(redisRateBudget(connect(to)))
export const aBudgetOver = (redis: BudgetRedis): SharedBudget =>
  createSharedBudget({ redis, egress: randomEgress, now, randomBytes, log })

let randomEgress = 'default'
export function freshBudgets(): void {
  beforeEach(() => {
    randomEgress = randomUUID()
    said.length = 0
  })
  afterEach(() => {
    for (const redis of open.splice(0)) redis.disconnect()
  })
}

/** A context that the fleet came to know a moment ago, after its counters began. */
export async function aContext(more: Partial<LimitStanding> = {}): Promise<BudgetScope> {
  await aWorker().begin()
  await sleep(5)
  const value = String(1_000_000_000 + Math.floor(Math.random() * 8e9))
  const since = new Date()
  return {
    environment: 'test',
    context: { type: 'Nip', value },
    limits: UNHURRIED,
    blocks: {},
    since,
    ...more,
  }
}

export const limitsOf = (
  group: string,
  [perSecond, perMinute, perHour]: [number, number, number],
): RateLimits => ({
  ...UNHURRIED,
  [group]: { perSecond, perMinute, perHour },
})

export const takeAll = async (budget: RateBudget, scope: BudgetScope, count: number) => {
  const taken = await Promise.all(Array.from({ length: count }, () => budget.take(scope, 'invoiceSend')))
  return taken.filter(({ ok }) => ok).length
}
