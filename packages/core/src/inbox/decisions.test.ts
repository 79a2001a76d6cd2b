import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GroupBudget } from '../budget/rate-budget.ts'
import { afterExportStatus } from './after-export-status.ts'
import { chooseWay, expectedSince, leftOf, paceAfter, TRICKLE_MAX } from './choose-way.ts'
import { compareWithMetadata } from './compare-metadata.ts'
import {
  auditWindow,
  chanceOf,
  firstSyncAt,
  isAuditDue,
  isOverdue,
  lateAt,
  nextSyncAt,
} from './sync-schedule.ts'

const NOW = new Date('2026-11-28T12:00:00Z')
const HOUR_MS = 3_600_000
const at = (ms: number) => new Date(NOW.getTime() + ms)

const group = (limit: number, used: number): GroupBudget => ({
  left: Math.max(0, limit - used),
  freeInMs: used < limit ? 0 : 60_000,
  blockedForMs: 0,
  windows: [{ window: 'hour', limit, used, left: Math.max(0, limit - used), freeInMs: 0 }],
  counted: 'fleet',
})
const spent = (exports: number, lists: number, downloads: number) => ({
  invoiceExport: group(20, exports),
  invoiceMetadata: group(20, lists),
  invoiceDownload: group(64, downloads),
})

describe('the way of a window', () => {
  test('is a list and single downloads for a few, an export for many and for nobody knows', () => {
    expect(chooseWay(2, spent(0, 0, 0), 1 / 2)).toEqual({ by: 'metadata' })
    expect(chooseWay(TRICKLE_MAX + 1, spent(0, 0, 0), 1 / 2)).toEqual({ by: 'export' })
    expect(chooseWay(null, spent(0, 0, 0), 1 / 2)).toEqual({ by: 'export' })
  })

  test('leaves half of lists and downloads to sending', () => {
    expect(chooseWay(2, spent(0, 10, 0), 1 / 2)).toEqual({ by: 'export' })
    expect(chooseWay(2, spent(0, 0, 31), 1 / 2)).toEqual({ by: 'export' })
  })

  test('is the other one where exports are spent, and a wait where all are', () => {
    expect(chooseWay(20, spent(20, 0, 0), 1 / 2)).toEqual({ by: 'metadata' })
    expect(chooseWay(null, spent(20, 0, 0), 1 / 2)).toEqual({ by: 'wait', ms: 60_000 })
    expect(chooseWay(20, spent(20, 10, 0), 1 / 2)).toEqual({ by: 'wait', ms: 60_000 })
  })

  test('is never one that has no room', () => {
    const count = fc.integer({ min: 0, max: 70 })
    const used = fc.record({ exports: count, lists: count, downloads: count })
    const expected = fc.option(fc.double({ min: 0, max: 500, noNaN: true }))
    fc.assert(
      fc.property(expected, used, (wanted, { exports, lists, downloads }) => {
        const budget = spent(exports, lists, downloads)
        const way = chooseWay(wanted, budget, 1 / 2)
        if (way.by === 'export') expect(leftOf(budget.invoiceExport, 1)).toBeGreaterThanOrEqual(1)
        if (way.by === 'metadata') expect(leftOf(budget.invoiceMetadata, 1 / 2)).toBeGreaterThanOrEqual(1)
        if (way.by === 'wait') expect(way.ms).toBeGreaterThan(0)
      }),
    )
  })

  test('a blocked group has nothing left, one that binds nothing has no end', () => {
    expect(leftOf({ ...group(20, 0), blockedForMs: 5 }, 1)).toBe(0)
    expect(leftOf({ ...group(20, 0), left: null }, 1)).toBe(Number.POSITIVE_INFINITY)
  })
})

test('what to expect follows from the pace, and is unknown after long silence', () => {
  expect(expectedSince({ pace: null, checkpoint: at(-HOUR_MS) }, NOW)).toBeNull()
  expect(expectedSince({ pace: 4, checkpoint: at(-HOUR_MS / 2) }, NOW)).toBe(2)
  expect(expectedSince({ pace: 4, checkpoint: at(-100 * HOUR_MS) }, NOW)).toBeNull()
  expect(paceAfter(null, { from: at(0), to: at(HOUR_MS), listed: 6 })).toBe(6)
  expect(paceAfter(2, { from: at(0), to: at(HOUR_MS), listed: 6 })).toBe(4)
  expect(paceAfter(2, { from: at(0), to: at(0), listed: 6 })).toBe(2)
})

describe('the status of an export', () => {
  const status = (code: number) => ({ code, description: '', details: [], extensions: {} })
  const made = { invoiceCount: 0, parts: [], isTruncated: false }
  const clock = { now: NOW, giveUpAt: at(1) }

  test('is waited for until its time is up, and what nobody knows is waited for as well', () => {
    for (const code of [100, 150, 299]) {
      expect(afterExportStatus({ status: status(code) }, clock)).toEqual({ to: 'wait' })
      const late = { now: NOW, giveUpAt: NOW }
      expect(afterExportStatus({ status: status(code) }, late)).toMatchObject({
        to: 'again',
        code: 'EXPORT_STUCK',
      })
    }
  })

  test('200 is collected; 210 is not empty but asked for again; 420 is nothing new', () => {
    expect(afterExportStatus({ status: status(200), package: made }, clock)).toEqual({ to: 'collect' })
    expect(afterExportStatus({ status: status(200) }, clock)).toMatchObject({ to: 'again' })
    expect(afterExportStatus({ status: status(210) }, clock)).toMatchObject({
      to: 'again',
      code: 'EXPORT_EXPIRED',
    })
    expect(afterExportStatus({ status: status(420) }, clock)).toEqual({ to: 'nothing' })
    for (const code of [415, 500, 550])
      expect(afterExportStatus({ status: status(code) }, clock)).toMatchObject({
        to: 'again',
        isFailure: true,
      })
  })
})

describe('the schedule', () => {
  const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

  test('never asks for a role more often than its interval, and spreads over a tenth of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 900, max: 86_400 }), chance, (intervalSeconds, luck) => {
        const waits = (nextSyncAt({ intervalSeconds }, NOW, luck).getTime() - NOW.getTime()) / 1000
        expect(waits).toBeGreaterThanOrEqual(intervalSeconds)
        expect(waits).toBeLessThanOrEqual(intervalSeconds * 1.1)
        expect(lateAt({ intervalSeconds }, NOW) > nextSyncAt({ intervalSeconds }, NOW, luck)).toBe(true)
      }),
    )
  })

  test('a nightly role is asked for between midnight and five in Warsaw, in winter and summer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), chance, (days, luck) => {
        const now = at(days * 24 * HOUR_MS)
        const next = nextSyncAt({ intervalSeconds: null }, now, luck)
        expect(next > now).toBe(true)
        expect(lateAt({ intervalSeconds: null }, now) > next).toBe(true)
        const hour = Number(next.toLocaleString('en-GB', { timeZone: 'Europe/Warsaw', hour: '2-digit' }))
        // An hour either way on the two days whose length is another.
        expect(hour <= 6 || hour === 23).toBe(true)
      }),
    )
  })

  test('the first sync follows within a minute', () => {
    const wait = firstSyncAt({ intervalSeconds: 900 }, NOW, 0.99).getTime() - NOW.getTime()
    expect(wait).toBeLessThanOrEqual(60_000)
  })

  test('an audit looks at a week within what was received', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 }), chance, (days, luck) => {
        const state = { startAt: at(-days * 24 * HOUR_MS), checkpoint: NOW }
        const { from, to } = auditWindow(state, luck)
        expect(from >= state.startAt && to <= state.checkpoint && from <= to).toBe(true)
        expect(to.getTime() - from.getTime()).toBeLessThanOrEqual(7 * 24 * HOUR_MS + 1)
      }),
    )
  })

  test('a sync that fails asks turn by turn for its next window and for what is missing', () => {
    const state = (failures: number, hoursAgo: number) => ({
      ...{ intervalSeconds: 3_600, completedAt: at(-hoursAgo * HOUR_MS), failures },
    })
    expect([0, 1, 2, 3].map((failures) => isOverdue(state(failures, 2), NOW))).toEqual([
      ...[true, false, true, false],
    ])
    expect([0, 1, 2, 3].some((failures) => isOverdue(state(failures, 0.5), NOW))).toBe(false)
  })

  test('an audit follows on a window that came whole, and takes the place of none', () => {
    const due = { startAt: at(-100 * HOUR_MS), checkpoint: at(-HOUR_MS), nextAuditAt: at(-2 * HOUR_MS) }
    const isDue = (
      intervalSeconds: number | null,
      hoursAgo: number | null,
      set: Partial<typeof due> = {},
    ) => {
      const completedAt = hoursAgo === null ? null : at(-hoursAgo * HOUR_MS)
      return isAuditDue({ ...due, ...set, intervalSeconds, completedAt }, NOW)
    }
    expect([isDue(null, 0), isDue(null, 1), isDue(3_600, 0.5)]).toEqual([true, true, true])
    // Its time came after the last window.
    expect([isDue(null, 3), isDue(null, 0, { nextAuditAt: at(HOUR_MS) })]).toEqual([false, false])
    // The next window is due.
    expect([isDue(3_600, 1), isDue(null, 24, { nextAuditAt: at(-30 * HOUR_MS) })]).toEqual([false, false])
    expect([isDue(null, null), isDue(null, 0, { checkpoint: due.startAt })]).toEqual([false, false])
  })

  test('chance is drawn from the bytes it is given', () => {
    expect(chanceOf(() => Uint8Array.from([0, 0]))).toBe(0)
    expect(chanceOf(() => Uint8Array.from([128, 0]))).toBe(0.5)
  })
})

test('a package is compared with its list by number and hash', () => {
  const listed = [
    { ksefNumber: 'a', invoiceHash: '1' },
    { ksefNumber: 'b', invoiceHash: '2' },
    { ksefNumber: 'c', invoiceHash: '3' },
  ]
  const hashes = new Map([
    ['a', '1'],
    ['b', 'x'],
    ['d', '4'],
  ])
  expect(compareWithMetadata(listed, hashes)).toEqual({
    absent: [listed[2]],
    differing: [listed[1]],
    unlisted: ['d'],
  })
})
