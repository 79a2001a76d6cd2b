/**
 * The simulator's own time. Everything that expires or matures (challenges, tokens, sessions, statuses,
 * links) asks this clock, so a test may travel by shifting it instead of waiting.
 */
export type Clock = {
  now(): Date
  /** Moves the clock to `offsetMs` from the underlying time; 0 returns to it. */
  shift(offsetMs: number): void
  /** Moves the clock on from where it is. */
  advance(ms: number): void
}

export type ClockState = { offsetMs: number }

export function createClock(
  underlying: () => Date = () => new Date(),
  state: ClockState = { offsetMs: 0 },
): Clock {
  return {
    now: () => new Date(underlying().getTime() + state.offsetMs),
    shift: (ms) => {
      state.offsetMs = ms
    },
    advance: (ms) => {
      state.offsetMs += ms
    },
  }
}

const warsawOffset = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Warsaw', timeZoneName: 'longOffset' })
const HOUR_MS = 3600_000
const offsets = new Map<number, string>()

/** Offset of Polish time, `+01:00` or `+02:00`; asked once for each hour, since it changes on the hour only. */
function offsetAt(moment: Date): string {
  const hour = Math.floor(moment.getTime() / HOUR_MS)
  const known = offsets.get(hour)
  if (known !== undefined) return known
  const zone = warsawOffset.formatToParts(moment).find(({ type }) => type === 'timeZoneName')?.value
  const offset = zone?.replace('GMT', '') || '+00:00'
  offsets.set(hour, offset)
  return offset
}

/** The Polish wall clock as ISO text without an offset, `2026-11-22T21:00:00.123`. */
function warsawWallClock(moment: Date): string {
  const offset = offsetAt(moment)
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6))
  const shift = (offset.startsWith('-') ? -minutes : minutes) * 60_000
  return later(moment, shift).toISOString().slice(0, -1)
}

/** The calendar day in Poland, `YYYY-MM-DD`: KSeF compares P_1 with this day (weryfikacja-faktury.md). */
export const warsawDate = (moment: Date): string => warsawWallClock(moment).slice(0, 10)

/** Local Polish time with its offset, as UPO writes dates, e.g. `2026-11-22T21:00:00.123+01:00`. */
export const warsawDateTime = (moment: Date): string => warsawWallClock(moment) + offsetAt(moment)

export const later = (moment: Date, milliseconds: number): Date => new Date(moment.getTime() + milliseconds)

const WITH_OFFSET = /(Z|[+-]\d{2}:?\d{2})$/i

/**
 * The moment that a caller's ISO 8601 text means: without an offset it is Polish local time, without a time the
 * beginning of the Polish day (OpenAPI, InvoiceQueryFilters.dateRange). An invalid Date when it is no date.
 */
export function warsawMoment(text: string): Date {
  if (WITH_OFFSET.test(text) && text.includes('T')) return new Date(text)
  const asUtc = new Date(`${text.includes('T') ? text : `${text}T00:00:00`}Z`)
  if (Number.isNaN(asUtc.getTime())) return asUtc
  const shown = (moment: Date): number => Date.parse(`${warsawWallClock(moment)}Z`)
  // Twice: around a change of season the first guess may lie on the other side of it.
  const guess = later(asUtc, asUtc.getTime() - shown(asUtc))
  return later(guess, asUtc.getTime() - shown(guess))
}
