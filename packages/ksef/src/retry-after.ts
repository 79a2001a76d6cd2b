const SECONDS = /^\d{1,9}$/
/** IMF-fixdate, RFC 850 and asctime dates all start with a day's name; `Date.parse` reads all three. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3) as whole seconds from `now`, rounded up so that nobody calls early.
 * A date in the past gives 0. Null when the header is absent or rubbish: the default is the caller's choice.
 */
export function retryAfterSeconds(header: string | undefined, now: Date): number | null {
  const text = header?.trim() ?? ''
  if (SECONDS.test(text)) return Number(text)
  if (!HTTP_DATE.test(text)) return null
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? null : Math.max(0, Math.ceil((instant - now.getTime()) / 1000))
}
