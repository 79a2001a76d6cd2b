/** By when an invoice issued offline has to be in KSeF (tryby-offline.md; art. 106nda, 106nf and 106nh of the VAT act). */
import { warsawDay } from '../wire-date.ts'
import { endOfDay, startOfDay } from './calendar-day.ts'
import { businessDayAfter } from './holidays.ts'
import type { OfflineMode } from './offline-mode.ts'
import type { Outage } from './outage.ts'

export type OfflineInvoice = {
  readonly mode: OfflineMode
  /** `P_1`; in FA_RR `P_4B`. `YYYY-MM-DD`. */
  readonly issuedOn: string
  /**
   * The moment of issue, where it is known; one outside the day of `issuedOn` counts as that day's nearest. It tells
   * outages before the issue from those after it. Without it whatever makes the earlier deadline is assumed.
   */
  readonly issuedAt?: Date
  /** All that were announced, in any order. Only announcements that were believed: see {@link Outage}. */
  readonly outages: readonly Outage[]
}

/**
 * - `by`: sent before `at`, which is the first moment too late, the midnight in Warsaw that ends `day`. `because` names
 *   what the term was counted from.
 * - `open`: the outage that the term will be counted from has not ended, and nobody has said when it will.
 * - `none`: a total failure ended the duty to send; sending is still allowed.
 */
export type Deadline =
  | {
      readonly kind: 'by'
      /** The last lawful day, `YYYY-MM-DD`: always a business day. */
      readonly day: string
      /** When the term began to run: the issue, or the end of the outage. */
      readonly since: Date
      /** Exclusive. With `since` it is the term that `alarmsOf` takes. */
      readonly at: Date
      readonly because: 'issued' | 'unavailability-ended' | 'failure-ended'
    }
  | { readonly kind: 'open'; readonly because: 'unavailability-lasts' | 'failure-lasts' }
  | { readonly kind: 'none'; readonly because: 'total-failure' }

/** Business days an issuer has after the end of a failure (art. 106nf). */
const BUSINESS_DAYS_AFTER_FAILURE = 7

/** A term as it is counted: its last day, or null while the outage it is counted from lasts. */
type Term =
  | Pick<Extract<Deadline, { kind: 'by' }>, 'day' | 'since' | 'because'>
  | { readonly day: null; readonly because: 'unavailability-lasts' | 'failure-lasts' }

/** The last day an outage touched; one that ends at midnight did not touch the day that begins. */
const lastDayOf = (end: Date): string => warsawDay(new Date(end.getTime() - 1))

/** Whether an outage had not ended by then. */
const lastsAt = ({ end }: Outage, moment: Date): boolean => end === null || end > moment

/**
 * When the invoice was issued, as far as it is known. Where only the day is, the end of the day, after which the fewest
 * outages count; only a failure that the issuer names as the reason counts from the start of the day.
 */
function momentOfIssue({ mode, issuedOn, issuedAt }: OfflineInvoice): Date {
  const first = startOfDay(issuedOn)
  const last = new Date(endOfDay(issuedOn).getTime() - 1)
  if (issuedAt === undefined) return mode === 'awaria' ? first : last
  return new Date(Math.min(Math.max(issuedAt.getTime(), first.getTime()), last.getTime()))
}

/** The unavailability the invoice was issued in; of several the one that ends first. */
function unavailabilityAt({ issuedOn, issuedAt, outages }: OfflineInvoice, moment: Date): Outage | undefined {
  const from = issuedAt === undefined ? startOfDay(issuedOn) : moment
  return outages
    .filter((outage) => outage.kind === 'unavailability' && outage.start <= moment && lastsAt(outage, from))
    .sort(
      (a, b) =>
        (a.end?.getTime() ?? Number.POSITIVE_INFINITY) - (b.end?.getTime() ?? Number.POSITIVE_INFINITY),
    )
    .at(0)
}

/** The term before any failure moves it. */
function firstTerm(invoice: OfflineInvoice, moment: Date): Term {
  const unavailability = invoice.mode === 'offline' ? unavailabilityAt(invoice, moment) : undefined
  if (unavailability === undefined)
    return { day: businessDayAfter(invoice.issuedOn), since: moment, because: 'issued' }
  const since = unavailability.end
  if (since === null) return { day: null, because: 'unavailability-lasts' }
  return { day: businessDayAfter(lastDayOf(since)), since, because: 'unavailability-ended' }
}

function termAfterFailure({ end: since }: Outage): Term {
  if (since === null) return { day: null, because: 'failure-lasts' }
  const day = businessDayAfter(lastDayOf(since), BUSINESS_DAYS_AFTER_FAILURE)
  return { day, since, because: 'failure-ended' }
}

/** The later of two terms; one without an end is later than any. Of two that end together the one that began later. */
function later(a: Term, b: Term): Term {
  if (a.day === null) return a
  return b.day === null || b.day > a.day || (b.day === a.day && b.since > a.since) ? b : a
}

/** Announced while the term ran, and not over before the invoice was issued. */
const fallsInto = (outage: Outage, term: Term, moment: Date): boolean =>
  lastsAt(outage, moment) && (term.day === null || outage.announced < endOfDay(term.day))

/** The term after all failures: each one that moves it may bring further ones into it. */
function termOf(invoice: OfflineInvoice, moment: Date): Term {
  const failures = invoice.outages.filter(({ kind }) => kind === 'failure')
  let term = firstTerm(invoice, moment)
  for (;;) {
    const reached = term
    const moved = failures
      .filter((failure) => fallsInto(failure, reached, moment))
      .map(termAfterFailure)
      .reduce(later, reached)
    if (moved === reached) return reached
    term = moved
  }
}

/**
 * The deadline as far as it can be known from what was announced. To be asked again whenever an outage is announced or
 * ends: a further failure never makes it earlier.
 *
 * - `offline24`: the next business day after the issue.
 * - `offline`: the next business day after the end of the unavailability it was issued in.
 * - `awaria`: seven business days after the end of the failure.
 * - Whatever the mode, a failure that is announced while the term runs, or lasts when the invoice is issued, moves it to
 *   seven business days after that failure's end, and the next failure does so again; a total failure ends the duty.
 *
 * A mode that no announcement bears out (`offline` without an unavailability, `awaria` without a failure) has the deadline
 * of `offline24`, the earliest there is. An outage that ends at midnight ends on the day before it.
 * @throws RangeError when `issuedOn` is no day of the calendar
 */
export function deadlineOf(invoice: OfflineInvoice): Deadline {
  const moment = momentOfIssue(invoice)
  const term = termOf(invoice, moment)
  const isTotal = ({ kind }: Outage): boolean => kind === 'totalFailure'
  if (
    invoice.mode === 'totalFailure' ||
    invoice.outages.some((outage) => isTotal(outage) && fallsInto(outage, term, moment))
  )
    return { kind: 'none', because: 'total-failure' }
  if (term.day === null) return { kind: 'open', because: term.because }
  return { kind: 'by', ...term, at: endOfDay(term.day) }
}
