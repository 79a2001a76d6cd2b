import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advanceOf, nextWindow, progressOf, provedUpTo, type Reach } from './next-window.ts'

const NOW = new Date('2026-11-28T12:00:00Z')
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const at = (ms: number) => new Date(NOW.getTime() + ms)

describe('the next window', () => {
  test('goes from the checkpoint as far as the archive is final', () => {
    expect(nextWindow(at(-DAY_MS), NOW)).toEqual({ from: at(-DAY_MS), to: null })
  })

  test('has an end where it would be longer than KSeF takes', () => {
    const { from, to } = nextWindow(at(-250 * DAY_MS), NOW)
    expect((to?.getTime() ?? 0) - from.getTime()).toBeLessThan(100 * DAY_MS)
    expect(to).not.toBeNull()
  })
})

describe('the continuation point', () => {
  const from = at(-DAY_MS)
  const [last, mark] = [at(-2 * HOUR_MS), at(-HOUR_MS)]

  test('of a truncated package is the last invoice in it and not the high-water mark', () => {
    const reach = { isTruncated: true, lastPermanentStorageDate: last, permanentStorageHwmDate: mark }
    expect(advanceOf({ from, to: null }, reach)).toEqual({ ok: true, to: last, isWhole: false })
  })

  test('of a whole one is the high-water mark', () => {
    const reach = { isTruncated: false, lastPermanentStorageDate: last, permanentStorageHwmDate: mark }
    expect(advanceOf({ from, to: null }, reach)).toEqual({ ok: true, to: mark, isWhole: true })
  })

  test('is never past the end that was asked for, and such a window is not the last', () => {
    const to = at(-3 * HOUR_MS)
    const reach = { isTruncated: false, permanentStorageHwmDate: mark }
    expect(advanceOf({ from, to }, reach)).toEqual({ ok: true, to, isWhole: false })
  })

  test('without the date it needs there is none', () => {
    expect(advanceOf({ from, to: null }, { isTruncated: true, permanentStorageHwmDate: mark })).toEqual({
      ok: false,
      code: 'SYNC_ANSWER_UNUSABLE',
    })
    expect(advanceOf({ from, to: null }, { isTruncated: false })).toMatchObject({ ok: false })
  })

  test('a package cut off where it began would be asked for for ever, and is refused', () => {
    const reach = { isTruncated: true, lastPermanentStorageDate: from }
    expect(advanceOf({ from, to: null }, reach)).toEqual({ ok: false, code: 'SYNC_NO_PROGRESS' })
  })
})

/** KSeF as its documents say: invoices by storage date, packages of so many, a mark. Some share a date. */
const archive = fc.record({
  dates: fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 120 }),
  packageMax: fc.integer({ min: 1, max: 40 }),
})

function exported(
  dates: readonly number[],
  packageMax: number,
  from: number,
): { taken: number[]; reach: Reach } {
  const found = dates.filter((date) => date >= from).sort((a, b) => a - b)
  const taken = found.slice(0, packageMax)
  const isTruncated = taken.length < found.length
  const last = taken.at(-1)
  return {
    taken,
    reach: {
      isTruncated,
      lastPermanentStorageDate: last === undefined ? undefined : at(last),
      permanentStorageHwmDate: at(1_000),
    },
  }
}

test('following the continuation point every invoice is seen, in windows without a gap, unless too many share one moment', () => {
  fc.assert(
    fc.property(archive, ({ dates, packageMax }) => {
      const seen = new Set<number>()
      const windows: { from: Date; to: Date }[] = []
      let from = at(0)
      for (let rounds = 0; rounds <= dates.length + 1; rounds++) {
        const offset = from.getTime() - NOW.getTime()
        const { taken, reach } = exported(dates, packageMax, offset)
        for (const date of taken) seen.add(date)
        const advance = advanceOf({ from, to: null }, reach)
        if (!advance.ok) {
          // Only where one moment alone fills the package.
          expect(dates.filter((date) => date === offset).length).toBeGreaterThanOrEqual(packageMax)
          return
        }
        expect(advance.to >= from).toBe(true)
        windows.push({ from, to: advance.to })
        from = advance.to
        if (advance.isWhole) break
      }
      expect([...seen].sort()).toEqual([...new Set(dates)].sort())
      expect(provedUpTo(at(0), windows.toReversed())).toEqual(at(1_000))
    }),
  )
})

describe('windows prove', () => {
  test('no further than their first gap', () => {
    const windows = [
      { from: at(20), to: at(30) },
      { from: at(0), to: at(10) },
      { from: at(5), to: at(18) },
    ]
    expect(provedUpTo(at(0), windows)).toEqual(at(18))
    expect(provedUpTo(at(-1), windows)).toEqual(at(-1))
  })

  test('progress is between nothing and all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        (start, point) => {
          const progress = progressOf({ startAt: at(start), checkpoint: at(point) }, NOW)
          expect(progress).toBeGreaterThanOrEqual(0)
          expect(progress).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})
