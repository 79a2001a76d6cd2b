import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DAWDLE_MS, SETTLE_MS } from '@ksef-fleet/core'
import { UNBOUND } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { redisRateBudget } from '../src/redis-rate-budget.ts'
import {
  aContext,
  aWorker,
  connect,
  freshBudgets,
  KNOWN_BEFORE_MS,
  limitsOf,
  takeAll,
  UNHURRIED,
} from './budgets.ts'

const HOUR_MS = 3_600_000
freshBudgets()

describe('a window', () => {
  test('lets through its limit and not one more, however many workers ask at once', async () => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [UNBOUND, 40, 1000]) })
    const workers = Array.from({ length: 8 }, () => aWorker())
    const through = await Promise.all(workers.map((budget) => takeAll(budget, scope, 30)))
    expect(through.reduce((sum, count) => sum + count, 0)).toBe(40)
  })

  test('is a second longer than that of KSeF, and says to the millisecond when it has room', async () => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [2, 100, 1000]) })
    const budget = aWorker()
    const begun = performance.now()
    expect(await takeAll(budget, scope, 2)).toBe(2)
    const asked = await budget.take(scope, 'invoiceSend')
    const now = performance.now()
    // A machine that took longer than the window for these three proves nothing here.
    if (asked.ok) return expect(now - begun).toBeGreaterThanOrEqual(1_000 + DAWDLE_MS)
    expect(asked.blocked).toBe(false)
    expect(asked.retryAfterMs).toBeGreaterThanOrEqual(1_000 + DAWDLE_MS - (now - begun) - 2)
    // Redis asked itself at some moment between, and nobody knows which.
    expect(asked.retryAfterMs).toBeLessThanOrEqual(1_000 + DAWDLE_MS + 2)
    await sleep(asked.retryAfterMs + 2)
    expect((await budget.take(scope, 'invoiceSend')).ok).toBe(true)
  })

  test.each([
    ['takes long', 1_200],
    // Longer than its counter lasts.
    ['was forgotten meanwhile', 2_300],
  ])('counts a call that %s from its end: nobody knows when it arrived', async (_, lengthMs) => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [1, UNBOUND, UNBOUND]) })
    const budget = aWorker()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    expect((await budget.take(scope, 'invoiceSend', { ended })).ok).toBe(true)
    await sleep(lengthMs)
    const over = performance.now()
    end()
    await sleep(10)
    const asked = await budget.take(scope, 'invoiceSend')
    const sinceMs = performance.now() - over
    if (asked.ok) return expect(sinceMs).toBeGreaterThanOrEqual(1_000 + DAWDLE_MS)
    expect(asked.retryAfterMs).toBeGreaterThanOrEqual(1_000 + DAWDLE_MS - sinceMs - 2)
    expect(asked.retryAfterMs).toBeLessThanOrEqual(1_000 + DAWDLE_MS + 2)
  })

  test.each([
    { limit: 2, what: 'counts once', waitMs: 0, used: 1 },
    { limit: 1, what: 'is not in its own way', waitMs: 0, used: 1 },
    { limit: 0, what: 'and is refused spends nothing', waitMs: 60_000, used: 0 },
  ])('of $limit: a call that asks again $what', async ({ limit, waitMs, used }) => {
    const redis = redisRateBudget(connect())
    const keys = ['fleet-budget-birth', randomUUID(), randomUUID(), randomUUID()]
    const ask = async (max: number) => {
      const counter = { windows: [{ ms: 60_000, limit: max }], keepMs: 60_000, blockedMs: 0, told: [] }
      const asked = { id: 'the same', counts: true, ageMs: 0, counters: [counter] }
      const [wait] = (await redis.run('take', keys, JSON.stringify(asked))) as [number]
      return wait
    }
    expect(await ask(1)).toBe(0)
    expect(await ask(limit)).toBe(waitMs)
    expect(await connect().zcard(keys[2] ?? '')).toBe(used)
  })

  test('never holds more calls than its limit, whatever the pace', async () => {
    const redis = redisRateBudget(connect())
    const keys = ['fleet-budget-birth', randomUUID(), randomUUID(), randomUUID()]
    const windows = [
      { ms: 120, limit: 4 },
      { ms: 700, limit: 11 },
    ]
    const end = Date.now() + 3_000
    const taker = async (name: number) => {
      for (let call = 0; Date.now() < end; call++) {
        const counter = { windows, keepMs: 700, blockedMs: 0, told: [] }
        const asked = { id: `${name}-${call}`, counts: true, ageMs: 0, counters: [counter] }
        const [wait] = (await redis.run('take', keys, JSON.stringify(asked))) as [number]
        if (wait > 0) await sleep(Math.random() < 0.5 ? wait : 1)
      }
    }
    const watch = connect()
    const moments = new Map<string, number>()
    const look = async () => {
      const entries = await watch.zrange(keys[2] ?? '', 0, '-1', 'WITHSCORES')
      for (let at = 0; at < entries.length; at += 2) moments.set(entries[at] ?? '', Number(entries[at + 1]))
    }
    const watcher = async () => {
      for (; Date.now() < end; await sleep(100)) await look()
    }
    await Promise.all([...Array.from({ length: 6 }, (_, name) => taker(name)), watcher()])
    await look()
    const calls = [...moments.values()]
    expect(calls.length).toBeGreaterThanOrEqual(33)
    for (const { ms, limit } of windows) {
      for (const moment of calls) {
        const within = calls.filter((other) => other > moment - ms && other <= moment).length
        expect(within).toBeLessThanOrEqual(limit)
      }
    }
  })
})

test('groups, contexts and operations of the group other do not touch each other', async () => {
  const budget = aWorker()
  const [one, another] = [await aContext(), await aContext()]
  expect(await takeAll(budget, one, 40)).toBe(10)
  expect(await takeAll(budget, another, 40)).toBe(10)
  expect((await budget.take(one, 'onlineSession')).ok).toBe(true)
  const of = async (counter: 'other listKsefTokens' | 'other getRateLimits') =>
    (await Promise.all(Array.from({ length: 12 }, () => budget.take(one, counter)))).filter(({ ok }) => ok)
      .length
  expect([await of('other listKsefTokens'), await of('other getRateLimits')]).toEqual([10, 10])
})

test('signing in is counted for the address, whoever signs in', async () => {
  const budget = aWorker()
  const scopes = [await aContext(), await aContext(), await aContext()]
  const taken = await Promise.all(
    scopes.flatMap((scope) => Array.from({ length: 30 }, () => budget.take(scope, 'anonymous'))),
  )
  expect(taken.filter(({ ok }) => ok)).toHaveLength(60)
})

test('a call is counted for the whole address as well once KSeF tells a limit for it, in both or in neither', async () => {
  const limits = limitsOf('global', [UNBOUND, 6, 600])
  const [one, another] = [await aContext({ limits }), await aContext({ limits })]
  const budget = aWorker()
  expect(await takeAll(budget, one, 4)).toBe(4)
  expect(await takeAll(budget, another, 4)).toBe(2)
  const { invoiceSend } = await budget.peek(another, ['invoiceSend'])
  expect(invoiceSend.windows.map(({ used }) => used)).toEqual([2, 2])
  expect([invoiceSend.left, invoiceSend.freeInMs > 0]).toEqual([0, true])
})

test('closing spends from the counter of opening where KSeF knows no group for it', async () => {
  const { onlineSessionClose: _, ...former } = UNHURRIED
  const budget = aWorker()
  const scope = await aContext({ limits: former })
  for (let call = 0; call < 3; call++) await budget.take(scope, 'onlineSessionClose')
  const seen = await budget.peek(scope, ['onlineSession', 'onlineSessionClose'])
  expect([seen.onlineSession.windows[0]?.used, seen.onlineSessionClose.windows[0]?.limit]).toEqual([3, 10])
})

test('a look tells limit, used and left of several groups at once and spends nothing', async () => {
  const budget = aWorker()
  const scope = await aContext()
  await takeAll(budget, scope, 3)
  const groups = [
    'invoiceSend',
    'onlineSession',
    'batchSession',
    'batchSessionClose',
    'onlineSessionClose',
  ] as const
  for (let look = 0; look < 3; look++) {
    const seen = await budget.peek(scope, groups)
    expect(seen.invoiceSend).toEqual({
      left: 7,
      freeInMs: 0,
      blockedForMs: 0,
      counted: 'fleet',
      windows: [
        { window: 'minute', limit: 10, used: 3, left: 7, freeInMs: 0 },
        { window: 'hour', limit: 180, used: 3, left: 177, freeInMs: 0 },
      ],
    })
    expect(groups.map((group) => seen[group].left)).toEqual([7, 10, 10, 20, 20])
  }
})

test('receiving stops at half of what sending needs, and sending goes on', async () => {
  const budget = aWorker()
  const scope = await aContext()
  const by = { share: 1 / 2 }
  const taken = await Promise.all(Array.from({ length: 9 }, () => budget.take(scope, 'invoiceMetadata', by)))
  expect(taken.filter(({ ok }) => ok)).toHaveLength(4)
  for (let call = 0; call < 4; call++) expect((await budget.take(scope, 'invoiceMetadata')).ok).toBe(true)
  expect((await budget.take(scope, 'invoiceMetadata')).ok).toBe(false)
})

describe('a refusal of KSeF', () => {
  test('closes its group for every worker until then, and no other', async () => {
    const [one, another] = [aWorker(), aWorker()]
    const scope = await aContext()
    await one.block(scope, 'invoiceSend', new Date(Date.now() + 2_500))
    for (const budget of [one, another]) {
      expect(await budget.take(scope, 'invoiceSend')).toMatchObject({ ok: false, blocked: true })
      expect((await budget.take(scope, 'onlineSession')).ok).toBe(true)
    }
    const { invoiceSend } = await another.peek(scope, ['invoiceSend'])
    expect([invoiceSend.left, invoiceSend.blockedForMs > 500]).toEqual([0, true])
    await sleep(2_550)
    expect((await another.take(scope, 'invoiceSend')).ok).toBe(true)
  })

  test('is never made shorter by a later one', async () => {
    const budget = aWorker()
    const scope = await aContext()
    await budget.block(scope, 'invoiceSend', new Date(Date.now() + 60_000))
    await budget.block(scope, 'invoiceSend', new Date(Date.now() + 1_000))
    const taken = await aWorker().take(scope, 'invoiceSend')
    expect((taken as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(58_000)
  })

  test('outlives Redis: what PostgreSQL knows of it comes with the question', async () => {
    const blocks = { invoiceSend: new Date(Date.now() + 60_000) }
    const scope = await aContext({ blocks })
    await connect().flushdb()
    const taken = await aWorker().take(scope, 'invoiceSend')
    expect(taken).toMatchObject({ ok: false, blocked: true })
    expect((taken as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(58_000)
  })
})

describe('the loss of the counters', () => {
  test('counts as half of each window for whom the fleet knew before, and as nothing for who came after', async () => {
    const before = await aContext()
    await sleep(KNOWN_BEFORE_MS)
    const long = { ...before, since: new Date(Date.now() - 100 * HOUR_MS) }
    await connect().flushdb()
    const begun = performance.now()
    await aWorker().begin()
    await sleep(5)
    const budget = aWorker()
    const { invoiceSend } = await budget.peek(long, ['invoiceSend'])
    expect(invoiceSend.windows.map(({ limit, used, left }) => [limit, used, left])).toEqual([
      [10, 5, 5],
      [180, 90, 90],
    ])
    const throughAtFirst = await takeAll(budget, before, 20)
    if (performance.now() - begun < SETTLE_MS) expect(throughAtFirst).toBe(0)
    expect(await takeAll(budget, await aContext(), 20)).toBe(10)
    await sleep(SETTLE_MS)
    expect(throughAtFirst + (await takeAll(budget, before, 20))).toBe(5)
    expect(await takeAll(budget, { ...(await aContext()), since: null }, 20)).toBe(5)
  })

  test('is over for each window once that window has passed', async () => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [10, 30, 180]) })
    await sleep(KNOWN_BEFORE_MS)
    await connect().flushdb()
    const budget = aWorker()
    await budget.begin()
    await sleep(SETTLE_MS)
    const through = await takeAll(budget, scope, 5)
    await sleep(1_000 + DAWDLE_MS + 50)
    const { invoiceSend } = await budget.peek(scope, ['invoiceSend'])
    expect(invoiceSend.windows.map(({ used }) => used)).toEqual([0, 15 + through, 90 + through])
  })

  test('an hour after their birth a missing counter is an unused one', async () => {
    const redis = connect()
    const scope = { ...(await aContext()), since: null }
    await redis.set('fleet-budget-birth', String(Date.now() - HOUR_MS - DAWDLE_MS - 1))
    expect(await takeAll(aWorker(), scope, 20)).toBe(10)
    await redis.del('fleet-budget-birth')
  })

  test('amid use is made good by the workers that remember their calls', async () => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [UNBOUND, 50, 4000]) })
    const workers = [aWorker(), aWorker(), aWorker(), aWorker()]
    const through = async (count: number) => {
      const each = await Promise.all(workers.map((budget) => takeAll(budget, scope, count)))
      return each.reduce((sum, one) => sum + one, 0)
    }
    expect(await through(8)).toBe(32)
    await sleep(KNOWN_BEFORE_MS)
    await connect().flushdb()
    // Whoever calls learns of the loss and is held back, so that all can tell what they called.
    const begun = performance.now()
    const throughAtFirst = await through(1)
    if (performance.now() - begun < SETTLE_MS) expect(throughAtFirst).toBe(0)
    await sleep(SETTLE_MS)
    const { invoiceSend } = await aWorker().peek(scope, ['invoiceSend'])
    // One whose answer came too late may have been counted and not made.
    expect(invoiceSend.windows[0]?.used).toBeGreaterThanOrEqual(32 + throughAtFirst)
    const after = throughAtFirst + (await through(10))
    expect([after > 0, after <= 18]).toEqual([true, true])
  })

  test('amid use lets through half as many again at most, where nobody remembers', async () => {
    const scope = await aContext({ limits: limitsOf('invoiceSend', [UNBOUND, 40, 4000]) })
    const many = async () => {
      const workers = [aWorker(), aWorker(), aWorker()]
      const each = await Promise.all(workers.map((budget) => takeAll(budget, scope, 40)))
      return each.reduce((sum, one) => sum + one, 0)
    }
    expect(await many()).toBe(40)
    await sleep(KNOWN_BEFORE_MS)
    await connect().flushdb()
    await aWorker().begin()
    await sleep(SETTLE_MS)
    expect(await many()).toBe(20)
  })
})

test('no NIP stands in a key, and every key but the birth ends by itself', async () => {
  const redis = connect()
  await redis.flushdb()
  const scope = await aContext()
  const budget = aWorker()
  for (const counter of ['invoiceSend', 'anonymous', 'other getRateLimits'] as const) {
    await budget.take(scope, counter)
    await budget.block(scope, counter, new Date(Date.now() + 1_000))
  }
  const keys = await redis.keys('*')
  expect(keys).toHaveLength(7)
  for (const key of keys) {
    expect(key).not.toContain(scope.context.value)
    const lifeMs = await redis.pttl(key)
    if (key !== 'fleet-budget-birth') expect(lifeMs).toBeGreaterThan(0)
    expect(lifeMs).toBeLessThanOrEqual(HOUR_MS + DAWDLE_MS)
  }
})
