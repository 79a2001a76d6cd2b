import { setTimeout as sleep } from 'node:timers/promises'
import { ALONE_AFTER_MS, type BudgetRedis, DAWDLE_MS, SETTLE_MS } from '@ksef-fleet/core'
import { UNBOUND } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { redisRateBudget } from '../src/redis-rate-budget.ts'
import { aBudgetOver, aContext, aWorker, connect, freshBudgets, limitsOf, said, takeAll } from './budgets.ts'

freshBudgets()

describe('while Redis is away', () => {
  const NOWHERE = 'redis://127.0.0.1:1'

  test('a process goes on by a quarter of the limits, and obeys what KSeF refused', async () => {
    const scope = await aContext()
    const budget = aWorker(NOWHERE)
    await budget.begin()
    await sleep(ALONE_AFTER_MS)
    const sends = await Promise.all(Array.from({ length: 9 }, () => budget.take(scope, 'invoiceSend')))
    expect(sends.filter(({ ok }) => ok)).toHaveLength(2)
    const { invoiceSend } = await budget.peek(scope, ['invoiceSend'])
    expect([invoiceSend.counted, invoiceSend.left]).toEqual(['process', 0])
    expect(invoiceSend.windows.map(({ limit, used }) => [limit, used])).toEqual([
      [2, 2],
      [45, 2],
    ])
    await budget.block(scope, 'onlineSession', new Date(Date.now() + 5_000))
    expect(await budget.take(scope, 'onlineSession')).toMatchObject({ ok: false, blocked: true })
    expect(said.filter((event) => event === 'budget.redis-away')).toHaveLength(1)
  })

  test('what was called meanwhile is told to Redis when it is back, and nobody is let through before all could', async () => {
    const scope = await aContext()
    let isAway = true
    const away = () => {
      const real = redisRateBudget(connect())
      const redis: BudgetRedis = {
        losses: real.losses,
        run: async (...asked) => {
          if (isAway) throw new Error('away')
          return real.run(...asked)
        },
      }
      return aBudgetOver(redis)
    }
    const [one, another] = [away(), away()]
    await Promise.all([one.begin(), another.begin()])
    await sleep(ALONE_AFTER_MS)
    expect(await takeAll(one, scope, 5)).toBe(2)
    expect(await takeAll(another, scope, 5)).toBe(2)
    isAway = false
    const begun = performance.now()
    await one.begin()
    // It was not away for this one, which would know nothing of it.
    const stranger = aWorker()
    const atFirst = await stranger.take(scope, 'invoiceSend')
    if (performance.now() - begun < SETTLE_MS) expect(atFirst).toMatchObject({ ok: false, blocked: false })
    await another.begin()
    await sleep(SETTLE_MS + 50)
    const { invoiceSend } = await stranger.peek(scope, ['invoiceSend'])
    const through = atFirst.ok ? 1 : 0
    expect(invoiceSend.windows.map(({ used }) => used)).toEqual([4 + through, 4 + through])
    expect((await stranger.take(scope, 'invoiceSend')).ok).toBe(true)
  })

  test('after a failover to a Redis that was behind, it is told the calls that it never heard of', async () => {
    const scope = await aContext()
    const redis = connect()
    const real = redisRateBudget(redis)
    const known = new Set<string>()
    const replicaOf = (key: string) => `replica ${key}`
    let at: 'master' | 'replica' = 'master'
    const aBudget = () =>
      aBudgetOver({
        losses: () => (at === 'replica' ? 1 : 0),
        run: async (script, keys, argument) => {
          for (const key of keys) known.add(key)
          return real.run(script, at === 'master' ? keys : keys.map(replicaOf), argument)
        },
      })
    const [one, another] = [aBudget(), aBudget()]
    expect(await takeAll(one, scope, 3)).toBe(3)
    for (const key of known) await redis.copy(key, replicaOf(key))
    // From here on it is behind.
    expect(await takeAll(one, scope, 2)).toBe(2)
    expect(await takeAll(another, scope, 2)).toBe(2)
    at = 'replica'
    // Nobody goes before all could tell, whoever comes first, and however short the gap was.
    expect(await takeAll(one, scope, 9)).toBe(0)
    await another.begin()
    await sleep(SETTLE_MS + 50)
    expect(await takeAll(one, scope, 9)).toBe(3)
    for (const key of known) await redis.del(replicaOf(key))
  })

  test('a call that took long counts from its end, though Redis was away when it ended', async () => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [UNBOUND, 1, 1000]) })
    const real = redisRateBudget(connect())
    const budget = aBudgetOver({
      losses: real.losses,
      run: async (script, ...asked) => {
        if (script === 'retime') throw new Error('away')
        return real.run(script, ...asked)
      },
    })
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    expect((await budget.take(scope, 'invoiceSend', { ended })).ok).toBe(true)
    await sleep(1_500)
    end()
    const over = performance.now()
    await sleep(10)
    await budget.begin()
    const { invoiceSend } = await aWorker().peek(scope, ['invoiceSend'])
    const sinceMs = performance.now() - over
    expect(invoiceSend.freeInMs).toBeGreaterThanOrEqual(60_000 + DAWDLE_MS - sinceMs - 2)
  })
})
