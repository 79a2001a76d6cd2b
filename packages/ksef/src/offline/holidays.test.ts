import fc from 'fast-check'
import { expect, test } from 'vitest'
import { businessDayAfter, holidaysOf, isBusinessDay } from './holidays.ts'

const daysOf = (year: number): string =>
  holidaysOf(year)
    .map(({ day }) => day.slice(5))
    .join(' ')

test('the days off of the years from 2026 to 2030 are those of the calendar', () => {
  const fixedFrom = '08-15 11-01 11-11 12-24 12-25 12-26'
  expect(daysOf(2026)).toBe(`01-01 01-06 04-05 04-06 05-01 05-03 05-24 06-04 ${fixedFrom}`)
  expect(daysOf(2027)).toBe(`01-01 01-06 03-28 03-29 05-01 05-03 05-16 05-27 ${fixedFrom}`)
  expect(daysOf(2028)).toBe(`01-01 01-06 04-16 04-17 05-01 05-03 06-04 06-15 ${fixedFrom}`)
  expect(daysOf(2029)).toBe(`01-01 01-06 04-01 04-02 05-01 05-03 05-20 05-31 ${fixedFrom}`)
  expect(daysOf(2030)).toBe(`01-01 01-06 04-21 04-22 05-01 05-03 06-09 06-20 ${fixedFrom}`)
})

test('Christmas Eve is a day off from 2025 on', () => {
  expect(holidaysOf(2025).map(({ day }) => day)).toContain('2025-12-24')
  expect(isBusinessDay('2025-12-24')).toBe(false)
  expect(isBusinessDay('2024-12-24')).toBe(true)
})

/** The earliest and the latest there are, and the years in which the moon's rule has its exceptions. */
test.each([
  '1981-04-19',
  '2008-03-23',
  '2011-04-24',
  '2019-04-21',
  '2024-03-31',
  '2025-04-20',
  '2035-03-25',
  '2038-04-25',
  '2049-04-18',
  '2076-04-19',
  '2100-03-28',
  '3165-04-18',
])('Easter Sunday %s', (day) => {
  const easter = holidaysOf(Number(day.slice(0, 4))).find(
    ({ name }) => name === 'pierwszy dzień Wielkiej Nocy',
  )
  expect(easter?.day).toBe(day)
})

test('Easter is a Sunday from 22 March to 25 April, in every year', () => {
  for (let year = 1990; year < 2400; year += 1) {
    const easter = holidaysOf(year).find(({ name }) => name.includes('Wielkiej Nocy'))?.day ?? ''
    expect(new Date(`${easter}T00:00:00Z`).getUTCDay()).toBe(0)
    expect(easter >= `${year}-03-22` && easter <= `${year}-04-25`).toBe(true)
  }
})

const day = fc
  .integer({ min: 0, max: 400 * 365 })
  .map((count) => new Date(Date.UTC(1990, 0, 1 + count)).toISOString().slice(0, 10))

test('the next business day is the first one after, never at a weekend, and further ones follow in order', () => {
  fc.assert(
    fc.property(day, fc.integer({ min: 1, max: 30 }), (from, count) => {
      const next = businessDayAfter(from)
      expect(next > from).toBe(true)
      expect([0, 6]).not.toContain(new Date(`${next}T00:00:00Z`).getUTCDay())
      expect(businessDayAfter(from, count + 1)).toBe(businessDayAfter(businessDayAfter(from, count)))
    }),
  )
})

test.each(['2026-02-29', '2026-13-01', '01-02-2026', ''])('%j is no day', (text) => {
  expect(() => isBusinessDay(text)).toThrow(RangeError)
  expect(() => businessDayAfter(text)).toThrow(RangeError)
})
