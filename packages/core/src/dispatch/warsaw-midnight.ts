/** KSeF's calendar is Warsaw's: the day of an invoice's receipt decides whether it counts as issued offline. */
const WARSAW = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'Europe/Warsaw',
  hourCycle: 'h23',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const DAY_SECONDS = 24 * 3600

const WARSAW_DAY = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Warsaw', dateStyle: 'short' })

/** The day in Warsaw, `YYYY-MM-DD`. */
export const warsawDay = (at: Date): string => WARSAW_DAY.format(at)

/**
 * The moment Warsaw's present day ends. On the two days a year whose length is another, it may be told an hour late or
 * early until the clocks have changed, at three in the morning.
 */
export function nextMidnight(now: Date): Date {
  const part = Object.fromEntries(WARSAW.formatToParts(now).map(({ type, value }) => [type, Number(value)]))
  const { hour = 0, minute = 0, second = 0 } = part
  const gone = hour * 3600 + minute * 60 + second
  return new Date(now.getTime() - now.getMilliseconds() + (DAY_SECONDS - gone) * 1000)
}
