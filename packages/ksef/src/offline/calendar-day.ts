/** Days of the calendar, `YYYY-MM-DD`, and when they end in Poland. */
import { readWireDate } from '../wire-date.ts'

const DAY_MS = 24 * 3600 * 1000

/** The day's noon as UTC, only to reckon with. */
function noonOf(day: string): Date {
  const noon = new Date(`${day}T12:00:00Z`)
  // An engine may take 31 February for 3 March.
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(noon.getTime()) || !noon.toISOString().startsWith(day))
    throw new RangeError(`${day} is no day of the calendar`)
  return noon
}

/** @throws RangeError when it is no day of the calendar */
export const dayAfter = (day: string, days = 1): string =>
  new Date(noonOf(day).getTime() + days * DAY_MS).toISOString().slice(0, 10)

/** 0 is Sunday. */
export const weekdayOf = (day: string): number => noonOf(day).getUTCDay()

/** The first moment of a day in Warsaw. Its clocks never change at midnight. */
export function startOfDay(day: string): Date {
  const start = readWireDate(`${day}T00:00:00`)
  if (start === null) throw new RangeError(`${day} is no day of the calendar`)
  return start
}

/** The first moment after a day in Warsaw. */
export const endOfDay = (day: string): Date => startOfDay(dayAfter(day))
