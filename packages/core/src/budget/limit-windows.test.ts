import {
  type LimitCounter,
  PUBLISHED_LIMITS,
  type RateLimit,
  type RateLimits,
  UNBOUND,
} from '@ksef-fleet/ksef'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countedOf, counterKey } from './counted.ts'
import { groupBudgetOf } from './group-budget.ts'
import { countersOf, DAWDLE_MS, windowsOf } from './limit-windows.ts'
import { createProcessBudget, freeInMs } from './process-budget.ts'
import type { BudgetScope } from './rate-budget.ts'
import { partOf, shareOf } from './shares.ts'

const NOW = new Date('2026-11-28T12:00:00Z')
const scope = (more: Partial<BudgetScope> = {}): BudgetScope => ({
  environment: 'test',
  context: { type: 'Nip', value: '5265877635' },
  limits: null,
  blocks: {},
  since: null,
  ...more,
})
const by = { egress: 'default', share: 1, now: NOW }
const limit = fc.record({
  perSecond: fc.integer({ min: 0, max: 40 }),
  perMinute: fc.integer({ min: 0, max: 200 }),
  perHour: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.constant(UNBOUND)),
})

/** Lets calls through by KSeF's rule alone: all three windows at once. */
function admitsAll(calls: readonly number[], { perSecond, perMinute, perHour }: RateLimit): boolean {
  return calls.every((call) =>
    [
      [1_000, perSecond],
      [60_000, perMinute],
      [3_600_000, perHour],
    ].every(([ms = 0, max = 0]) => calls.filter((other) => other > call - ms && other <= call).length <= max),
  )
}

describe('the windows of a group', () => {
  test('are the published ones until KSeF tells others, which then hold', () => {
    const told = { ...PUBLISHED_LIMITS, invoiceSend: { perSecond: 5, perMinute: 20, perHour: 90 } }
    const limits = (given: RateLimits | null) => windowsOf(given, 'invoiceSend').map((window) => window.limit)
    expect([limits(null), limits(told), limits({})]).toEqual([
      [10, 30, 180],
      [5, 20, 90],
      [10, 30, 180],
    ])
    expect(windowsOf(null, 'other getRateLimits').map((window) => window.limit)).toEqual([10, 30, 120])
  })

  test('are only those that bind: what is unbound, or implied by a shorter one, is not counted', () => {
    expect(windowsOf(null, 'anonymous').map(({ window }) => window)).toEqual(['second'])
    expect(windowsOf(null, 'global')).toEqual([])
    const paced = { global: { perSecond: 2, perMinute: 120, perHour: 7_200 } }
    expect(windowsOf(paced, 'global').map(({ window }) => window)).toEqual(['second'])
  })

  test('let no more through than KSeF does, although each call arrives up to a second late', () => {
    fc.assert(
      fc.property(
        limit,
        fc.array(
          fc.record({ gapMs: fc.integer({ min: 0, max: 40_000 }), lateMs: fc.integer({ min: 0, max: 999 }) }),
          {
            maxLength: 120,
          },
        ),
        (given, asked) => {
          const budget = createProcessBudget({ now: () => new Date(at) })
          const counted = countedOf(scope({ limits: { invoiceSend: given } }), 'invoiceSend', by)
          let at = NOW.getTime()
          const arrived: number[] = []
          for (const [call, { gapMs, lateMs }] of asked.entries()) {
            at += gapMs
            if (budget.take(counted, String(call)).waitMs === 0) arrived.push(at + lateMs)
          }
          expect(
            admitsAll(
              arrived.sort((a, b) => a - b),
              given,
            ),
          ).toBe(true)
        },
      ),
    )
  })

  test('have room exactly when they say so', () => {
    fc.assert(
      fc.property(
        limit,
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 80 }),
        (given, gaps) => {
          let at = NOW.getTime()
          const budget = createProcessBudget({ now: () => new Date(at) })
          const counted = countedOf(scope({ limits: { invoiceSend: given } }), 'invoiceSend', by)
          for (const [call, gap] of gaps.entries()) {
            at += gap
            const { waitMs } = budget.take(counted, String(call))
            if (waitMs === 0) continue
            const calls = budget.calls(counted[0]?.key ?? '')
            const free = (then: number) =>
              (counted[0]?.windows ?? []).every((one) => freeInMs(calls, one, then) === 0)
            expect(free(at + waitMs - 1)).toBe(false)
            // A window that lets nothing through never has room.
            if (Object.values(given).every((max) => max > 0)) expect(free(at + waitMs)).toBe(true)
          }
        },
      ),
    )
  })
})

describe('the counters of a call', () => {
  test('are its own, and that of the whole address, whether or not KSeF tells a limit for it', () => {
    expect(countersOf(null, 'invoiceSend')).toEqual(['invoiceSend', 'global'])
    expect(countersOf(null, 'global')).toEqual(['global'])
    const told = { ...PUBLISHED_LIMITS, global: { perSecond: 100, perMinute: 1_000, perHour: UNBOUND } }
    expect(countersOf(told, 'invoiceSend')).toEqual(['invoiceSend', 'global'])
  })

  test('have keys without a NIP, that only the same counter of the same context and address has', () => {
    const counters: LimitCounter[] = [
      'invoiceSend',
      'onlineSession',
      'other getRateLimits',
      'anonymous',
      'global',
    ]
    const contexts = ['5265877635', '7980332920', ''].map((value) => ({ type: 'Nip' as const, value }))
    const keys = (['test', 'demo'] as const).flatMap((environment) =>
      ['default', 'other'].flatMap((egress) =>
        contexts.flatMap((context) =>
          counters.map((counter) => counterKey({ environment, context }, counter, egress)),
        ),
      ),
    )
    // Two environments, two addresses: three contexts of three counters each, and two counters of the address.
    expect(new Set(keys).size).toBe(2 * 2 * (3 * 3 + 2))
    for (const key of keys) expect(key).not.toMatch(/5265877635|7980332920|:| /)
  })
})

describe('a share', () => {
  test('of receiving leaves half of every window it has in common with sending', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5_000 }), (max) => {
        const left = max - partOf(max, shareOf('sync', 'invoiceMetadata'))
        expect(left).toBeGreaterThanOrEqual(max / 2)
      }),
    )
    expect([shareOf('sync', 'invoiceExport'), shareOf('delivery', 'invoiceMetadata')]).toEqual([1, 1])
  })

  test('is at least one call, except where KSeF lets none through', () => {
    expect([partOf(1, 1 / 8), partOf(0, 1), partOf(10, 1 / 4)]).toEqual([1, 0, 2])
  })
})

test('what is left of a group is what its tightest window leaves, and nothing while KSeF refuses it', () => {
  const counted = countedOf(scope(), 'invoiceSend', by)
  const windows = [
    { limit: 10, used: 1, freeMs: 0 },
    { limit: 30, used: 28, freeMs: 0 },
    { limit: 180, used: 28, freeMs: 0 },
  ]
  expect(groupBudgetOf(counted, [{ blockedMs: 0, windows }], 'fleet')).toMatchObject({ left: 2, freeInMs: 0 })
  const refused = groupBudgetOf(counted, [{ blockedMs: 700, windows }], 'fleet')
  expect(refused).toMatchObject({ left: 0, freeInMs: 700, blockedForMs: 700 })
  expect(
    groupBudgetOf(countedOf(scope(), 'global', by), [{ blockedMs: 0, windows: [] }], 'fleet').left,
  ).toBeNull()
})

test('a clock moved back neither forgets calls nor keeps them for ever', () => {
  let at = NOW.getTime()
  const budget = createProcessBudget({ now: () => new Date(at) })
  const counted = countedOf(scope(), 'sessionList', by)
  for (let call = 0; call < 5; call++) expect(budget.take(counted, String(call)).waitMs).toBe(0)
  at -= 3_600_000
  budget.note(counted, 'call')
  at += 1_000 + DAWDLE_MS
  expect(budget.take(counted, 'the last').waitMs).toBe(0)
})
