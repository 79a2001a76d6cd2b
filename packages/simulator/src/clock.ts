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

const warsawParts = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Warsaw',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'longOffset',
})

function partsIn(moment: Date): Record<string, string> {
  return Object.fromEntries(warsawParts.formatToParts(moment).map((part) => [part.type, part.value]))
}

/** The calendar day in Poland, `YYYY-MM-DD`: KSeF compares P_1 with this day (weryfikacja-faktury.md). */
export function warsawDate(moment: Date): string {
  const parts = partsIn(moment)
  return `${parts['year']}-${parts['month']}-${parts['day']}`
}

/** Local Polish time with its offset, as UPO writes dates, e.g. `2026-11-22T21:00:00.123+01:00`. */
export function warsawDateTime(moment: Date): string {
  const parts = partsIn(moment)
  const offset = (parts['timeZoneName'] ?? 'GMT+00:00').replace('GMT', '') || '+00:00'
  const milliseconds = String(moment.getUTCMilliseconds()).padStart(3, '0')
  return `${warsawDate(moment)}T${parts['hour']}:${parts['minute']}:${parts['second']}.${milliseconds}${offset}`
}

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
  const shown = (moment: Date): number => Date.parse(`${warsawDateTime(moment).slice(0, 23)}Z`)
  // Twice: around a change of season the first guess may lie on the other side of it.
  const guess = later(asUtc, asUtc.getTime() - shown(asUtc))
  return later(guess, asUtc.getTime() - shown(guess))
}
