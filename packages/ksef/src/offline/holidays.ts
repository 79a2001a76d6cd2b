/**
 * Business days in Poland: Monday to Friday, without the days off by the act on days free of work (ustawa z 18.01.1951 o
 * dniach wolnych od pracy). Days are `YYYY-MM-DD`.
 */
import { dayAfter, weekdayOf } from './calendar-day.ts'

/** A day off, with its Polish name. */
export type Holiday = { readonly day: string; readonly name: string }

/** Month and day, and the first year where the day was not always off. */
const FIXED = [
  { date: '01-01', name: 'Nowy Rok' },
  { date: '01-06', name: 'Święto Trzech Króli', since: 2011 },
  { date: '05-01', name: 'Święto Państwowe' },
  { date: '05-03', name: 'Święto Narodowe Trzeciego Maja' },
  { date: '08-15', name: 'Wniebowzięcie Najświętszej Maryi Panny' },
  { date: '11-01', name: 'Wszystkich Świętych' },
  { date: '11-11', name: 'Narodowe Święto Niepodległości' },
  // Ustawa z 6.12.2024, in force from 1.02.2025.
  { date: '12-24', name: 'Wigilia Bożego Narodzenia', since: 2025 },
  { date: '12-25', name: 'pierwszy dzień Bożego Narodzenia' },
  { date: '12-26', name: 'drugi dzień Bożego Narodzenia' },
] as const satisfies readonly { date: string; name: string; since?: number }[]

/** Days after Easter Sunday. */
const MOVABLE = [
  { after: 0, name: 'pierwszy dzień Wielkiej Nocy' },
  { after: 1, name: 'drugi dzień Wielkiej Nocy' },
  { after: 49, name: 'pierwszy dzień Zielonych Świątek' },
  { after: 60, name: 'Boże Ciało' },
] as const

/** Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher. */
function easterOf(year: number): string {
  const century = Math.floor(year / 100)
  const golden = year % 19
  const corrected = century - Math.floor(century / 4) - Math.floor((8 * century + 13) / 25)
  const epact = (19 * golden + corrected + 15) % 30
  const moon = epact - (epact > 28 || (epact === 28 && golden > 10) ? 1 : 0)
  const weekday = (year + Math.floor(year / 4) + moon + 2 - century + Math.floor(century / 4)) % 7
  return dayAfter(`${String(year).padStart(4, '0')}-03-28`, moon - weekday)
}

const holidaysByYear = new Map<number, readonly Holiday[]>()

function workedOut(year: number): readonly Holiday[] {
  const name4 = String(year).padStart(4, '0')
  const fixed = FIXED.filter((holiday) => !('since' in holiday) || holiday.since <= year).map(
    ({ date, name }) => ({ day: `${name4}-${date}`, name }),
  )
  const easter = easterOf(year)
  const movable = MOVABLE.map(({ after, name }) => ({ day: dayAfter(easter, after), name }))
  return [...fixed, ...movable].sort((a, b) => (a.day < b.day ? -1 : 1))
}

/** The days off of a year, 1990 or later, in their order. 24 December is one from 2025 on. */
export function holidaysOf(year: number): readonly Holiday[] {
  const known = holidaysByYear.get(year)
  if (known !== undefined) return known
  const holidays = workedOut(year)
  holidaysByYear.set(year, holidays)
  return holidays
}

/** @throws RangeError when it is no day of the calendar */
export function isBusinessDay(day: string): boolean {
  const weekday = weekdayOf(day)
  if (weekday === 0 || weekday === 6) return false
  return !holidaysOf(Number(day.slice(0, 4))).some((holiday) => holiday.day === day)
}

/**
 * The `count`-th business day after a day, which itself does not count, business day or not (art. 12 § 1 of the tax
 * ordinance: the day of the event is left out).
 * @throws RangeError when it is no day of the calendar
 */
export function businessDayAfter(day: string, count = 1): string {
  let at = day
  for (let left = count; left > 0; ) {
    at = dayAfter(at)
    if (isBusinessDay(at)) left -= 1
  }
  return at
}
