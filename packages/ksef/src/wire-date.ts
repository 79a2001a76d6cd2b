import * as z from 'zod'

const HAS_OFFSET = /(?:Z|[+-]\d{2}:\d{2})$/
const WARSAW = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Warsaw',
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
})

const MINUTE_MS = 60_000
const EARLIEST = Date.UTC(1900, 0, 1)
/** How .NET says that there is none. */
const NO_DATE = /^0001-01-01T/
let lastRead = { minute: Number.NaN, offset: 0 }

/** Milliseconds Warsaw's clock shows ahead of UTC at this instant. It never changes within a minute. */
function warsawOffset(instant: number): number {
  const minute = Math.floor(instant / MINUTE_MS)
  if (minute !== lastRead.minute) lastRead = { minute, offset: readOffset(instant) }
  return lastRead.offset
}

function readOffset(instant: number): number {
  const parts = Object.fromEntries(
    WARSAW.formatToParts(instant).map((part) => [part.type, Number(part.value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000
}

/** The calendar day it is in Poland, `YYYY-MM-DD`. */
export const warsawDay = (instant: Date): string =>
  new Date(instant.getTime() + warsawOffset(instant.getTime())).toISOString().slice(0, 10)

/**
 * Reads a date-time of KSeF. Times without an offset are Warsaw's (OpenAPI, `InvoiceQueryFilters.dateRange`);
 * fractions of a second have up to seven digits. A time before there was a KSeF to speak of is none.
 */
export function readWireDate(text: string): Date | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return null
  const instant = Date.parse(HAS_OFFSET.test(text) ? text : `${text}Z`)
  if (Number.isNaN(instant) || instant < EARLIEST) return null
  return new Date(HAS_OFFSET.test(text) ? instant : instant - warsawOffset(instant))
}

/** A date-time in an answer. */
export const wireDate = z.string().transform((text, context): Date => {
  const date = readWireDate(text)
  if (date !== null) return date
  context.addIssue({ code: 'custom', message: 'not a date-time' })
  return z.NEVER
})

/** A date-time that may be missing, null or the year 1; all read as absent. */
export const absentDate = z
  .union([z.string().regex(NO_DATE), z.null(), wireDate])
  .optional()
  .transform((value): Date | undefined => (value instanceof Date ? value : undefined))
