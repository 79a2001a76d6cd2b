/**
 * Deadlines from 2026 to 2030, worked out by hand with a calendar and written down; none was made by the code.
 *
 * Days off by year, besides the fixed ones: Easter Monday 6.4.2026, 29.3.2027, 17.4.2028, 2.4.2029, 22.4.2030; Corpus
 * Christi 4.6.2026, 27.5.2027, 15.6.2028, 31.5.2029, 20.6.2030. A deadline is the end of its day in Warsaw: 22:00 UTC in
 * summer, 23:00 UTC in winter.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Deadline, deadlineOf, type OfflineInvoice } from './deadline.ts'
import { isBusinessDay } from './holidays.ts'
import { OFFLINE_MODES } from './offline-mode.ts'
import type { Outage, OutageKind } from './outage.ts'

/** What each case rests on: the VAT act, and tryby-offline.md by its table or by "Termin … przy kolejnych zdarzeniach". */
const RULES: { readonly [rule: string]: string } = {
  'next-day': 'art. 106nda; table: offline24, the next business day after the day of issue',
  unavailable: 'art. 106nh; table: offline, the next business day after the unavailability ends',
  failure: 'art. 106nf; table: awaryjny, seven business days from the end of the failure',
  again: 'art. 106nf; a further failure announced within the seven days starts them anew',
  moved:
    'a failure announced while an offline24 or offline term runs: counted from the end of the failure last announced',
  unmoved: 'only what is announced while the term runs moves it, and only a failure does',
  strict: 'no announcement bears the mode out: art. 106nda, which asks for none',
  total: 'art. 106ng; a total failure announced within any of the terms ends the duty to send',
}

/** Outages as intervals of ISO 8601, `..` for an end not known; announced at the start unless `@` says when. */
const TABLE = `
next-day    | offline24 | 2026-02-02 | | 2026-02-03T23:00Z | Monday, Tuesday
next-day    | offline24 | 2026-02-06 | | 2026-02-09T23:00Z | Friday, over the weekend
next-day    | offline24 | 2026-02-07 | | 2026-02-09T23:00Z | Saturday
next-day    | offline24 | 2026-01-05 | | 2026-01-07T23:00Z | Epiphany is a Tuesday
next-day    | offline24 | 2026-04-03 | | 2026-04-07T22:00Z | Good Friday is a business day, Easter Monday is none
next-day    | offline24 | 2026-04-30 | | 2026-05-04T22:00Z | 1 May is a Friday, 3 May a Sunday
next-day    | offline24 | 2026-06-03 | | 2026-06-05T22:00Z | Corpus Christi
next-day    | offline24 | 2026-08-14 | | 2026-08-17T22:00Z | 15 August is a Saturday and moves nothing
next-day    | offline24 | 2026-10-23 | | 2026-10-26T23:00Z | the clocks go back on the Sunday between
next-day    | offline24 | 2026-11-10 | | 2026-11-12T23:00Z | Independence Day
next-day    | offline24 | 2026-12-23 | | 2026-12-28T23:00Z | Christmas Eve is free, then two holidays and a Sunday
next-day    | offline24 | 2026-12-31 | | 2027-01-04T23:00Z | New Year is a Friday
next-day    | offline24 | 2027-03-26 | | 2027-03-30T22:00Z | Easter, and the clocks go forward on it
next-day    | offline24 | 2027-05-26 | | 2027-05-28T22:00Z | Corpus Christi
next-day    | offline24 | 2027-10-29 | | 2027-11-02T23:00Z | All Saints' is a Monday; the clocks go back the day before
next-day    | offline24 | 2027-12-23 | | 2027-12-27T23:00Z | Christmas Eve is a Friday
next-day    | offline24 | 2028-02-28 | | 2028-02-29T23:00Z | a leap year
next-day    | offline24 | 2028-04-28 | | 2028-05-02T22:00Z | 1 May is a Monday
next-day    | offline24 | 2028-05-02 | | 2028-05-04T22:00Z | 3 May is a Wednesday
next-day    | offline24 | 2028-12-22 | | 2028-12-27T23:00Z | Christmas Eve is a Sunday
next-day    | offline24 | 2029-03-30 | | 2029-04-03T22:00Z | Easter Monday is 2 April
next-day    | offline24 | 2029-12-21 | | 2029-12-27T23:00Z | Monday to Wednesday are free
next-day    | offline24 | 2030-06-19 | | 2030-06-21T22:00Z | Corpus Christi
next-day    | offline24 | 2030-12-31 | | 2031-01-02T23:00Z | New Year is a Wednesday

unavailable | offline | 2026-02-14T11:00+01:00 | unavailability 2026-02-14T08:00+01:00/2026-02-14T20:00+01:00 | 2026-02-16T23:00Z | within a Saturday
unavailable | offline | 2026-03-27T21:00+01:00 | unavailability 2026-03-27T20:00+01:00/2026-03-29T06:00+02:00 | 2026-03-30T22:00Z | Friday to Sunday, the clocks go forward
unavailable | offline | 2026-06-03T23:00+02:00 | unavailability 2026-06-03T22:00+02:00/2026-06-04T04:00+02:00 | 2026-06-05T22:00Z | ends on Corpus Christi
unavailable | offline | 2026-09-14T23:30+02:00 | unavailability 2026-09-14T22:00+02:00/2026-09-15T02:00+02:00 | 2026-09-16T22:00Z | ends after midnight, so on Tuesday
unavailable | offline | 2026-09-14T21:00+02:00 | unavailability 2026-09-14T20:00+02:00/2026-09-15T00:00+02:00 | 2026-09-15T22:00Z | ends at midnight, so on Monday
unavailable | offline | 2027-11-10T10:00+01:00 | unavailability 2027-11-10T08:00+01:00/2027-11-11T18:00+01:00 | 2027-11-12T23:00Z | ends on Independence Day
unavailable | offline | 2028-01-05T09:00+01:00 | unavailability 2028-01-05T08:00+01:00/.. | open unavailability-lasts | nobody has said when it ends
unavailable | offline | 2028-08-16 | unavailability 2028-08-16T02:00+02:00/2028-08-16T05:00+02:00 & unavailability 2028-08-16T22:00+02:00/2028-08-17T03:00+02:00 | 2028-08-17T22:00Z | two on the day, the hour is not known: the one that ends first
unavailable | offline | 2028-08-16T22:30+02:00 | unavailability 2028-08-16T02:00+02:00/2028-08-16T05:00+02:00 & unavailability 2028-08-16T22:00+02:00/2028-08-17T03:00+02:00 | 2028-08-18T22:00Z | the same, in the second
unavailable | offline | 2030-12-23T09:00+01:00 | unavailability 2030-12-23T08:00+01:00/2030-12-26T12:00+01:00 | 2030-12-27T23:00Z | over Christmas
strict      | offline | 2028-01-05 | | 2028-01-07T23:00Z | no unavailability; Epiphany is a Thursday
strict      | offline | 2029-08-14T15:00+02:00 | unavailability 2029-08-14T02:00+02:00/2029-08-14T05:00+02:00 | 2029-08-16T22:00Z | over before the issue; 15 August is a Wednesday
unmoved     | offline | 2029-09-10T10:00+02:00 | unavailability 2029-09-10T08:00+02:00/2029-09-10T12:00+02:00 & unavailability 2029-09-11T08:00+02:00/2029-09-12T20:00+02:00 | 2029-09-11T22:00Z | a further unavailability moves nothing

failure     | awaria | 2026-02-02T10:00+01:00 | failure 2026-02-02T09:00+01:00/2026-02-02T18:00+01:00 | 2026-02-11T23:00Z | 3 4 5 6, 9 10 11
failure     | awaria | 2026-04-01 | failure 2026-04-01T10:00+02:00/2026-04-01T15:00+02:00 | 2026-04-13T22:00Z | 2 3, Easter, 7 8 9 10, 13
failure     | awaria | 2026-04-29 | failure 2026-04-29T07:00+02:00/2026-04-29T19:00+02:00 | 2026-05-11T22:00Z | 30, 1 to 3 May, 4 to 8, 11
failure     | awaria | 2026-07-09 | failure 2026-07-08T09:00+02:00/2026-07-11T12:00+02:00 | 2026-07-21T22:00Z | ends on a Saturday: 13 to 17, 20 21
failure     | awaria | 2026-12-21 | failure 2026-12-21T06:00+01:00/2026-12-21T22:00+01:00 | 2027-01-04T23:00Z | 22 23, 28 to 31, 4 January
failure     | awaria | 2027-12-31 | failure 2027-12-31T10:00+01:00/2027-12-31T11:00+01:00 | 2028-01-12T23:00Z | 3 4 5, Epiphany, 7, 10 11 12
failure     | awaria | 2029-04-27 | failure 2029-04-27T10:00+02:00/2029-04-27T11:00+02:00 | 2029-05-10T22:00Z | 30, 2, 4 May, 7 to 10
failure     | awaria | 2030-06-18 | failure 2030-06-17T10:00+02:00/2030-06-18T11:00+02:00 | 2030-06-28T22:00Z | 19, Corpus Christi, 21, 24 to 28
failure     | awaria | 2027-02-10 | failure 2027-02-10T08:00+01:00/.. | open failure-lasts | has not ended
strict      | awaria | 2027-01-05 | | 2027-01-07T23:00Z | no failure; Epiphany is a Wednesday
again       | awaria | 2026-03-02T12:00+01:00 | failure 2026-03-02T09:00+01:00/2026-03-02T18:00+01:00 & failure 2026-03-10T08:00+01:00/2026-03-12T10:00+01:00 | 2026-03-23T23:00Z | until 11 March; then 13, 16 to 20, 23
unmoved     | awaria | 2026-03-02T12:00+01:00 | failure 2026-03-02T09:00+01:00/2026-03-02T18:00+01:00 & failure 2026-03-12T08:00+01:00/2026-03-12T20:00+01:00 | 2026-03-11T23:00Z | the second comes a day too late
again       | awaria | 2027-10-15 | failure 2027-10-15T09:00+02:00/2027-10-15T18:00+02:00 & failure 2027-10-25T10:00+02:00/2027-10-27T12:00+02:00 & failure 2027-11-08T23:00+01:00/2027-11-09T02:00+01:00 | 2027-11-19T23:00Z | until 26 October; 8 November; then 10, 12, 15 to 19
again       | awaria | 2028-10-02 | failure 2028-10-02T09:00+02:00/2028-10-02T18:00+02:00 & failure 2028-10-11T23:30+02:00/.. | open failure-lasts | the second begins in the last hour and lasts
failure     | awaria | 2029-11-05T09:00+01:00 | failure 2029-11-05T08:00+01:00/2029-11-08T18:00+01:00 & failure 2029-11-06T08:00+01:00/2029-11-06T12:00+01:00 | 2029-11-19T23:00Z | one within the other: 9, 12 to 16, 19

moved       | offline24 | 2026-07-08T12:00+02:00 | failure 2026-07-09T10:00+02:00/2026-07-11T12:00+02:00 | 2026-07-21T22:00Z | the page's own example, a year later: ends on a Saturday
unmoved     | offline24 | 2026-07-08T12:00+02:00 | failure 2026-07-10T08:00+02:00/2026-07-10T12:00+02:00 | 2026-07-09T22:00Z | a day too late
unmoved     | offline24 | 2026-07-08T12:00+02:00 | failure 2026-07-09T23:30+02:00/2026-07-10T09:00+02:00@2026-07-10T00:10+02:00 | 2026-07-09T22:00Z | began within the term, announced after it
unmoved     | offline24 | 2027-04-12T16:00+02:00 | failure 2027-04-12T08:00+02:00/2027-04-12T12:00+02:00 | 2027-04-13T22:00Z | over before the issue
moved       | offline24 | 2027-04-12T10:00+02:00 | failure 2027-04-12T08:00+02:00/2027-04-12T12:00+02:00 | 2027-04-21T22:00Z | issued while it lasts: 13 to 16, 19 to 21
next-day    | offline24 | 2027-04-12 | failure 2027-04-12T08:00+02:00/2027-04-12T12:00+02:00 | 2027-04-13T22:00Z | the hour is not known: the earlier deadline
moved       | offline | 2028-06-14T09:00+02:00 | unavailability 2028-06-14T08:00+02:00/2028-06-14T12:00+02:00 & failure 2028-06-16T09:00+02:00/2028-06-19T09:00+02:00 | 2028-06-28T22:00Z | until 16 June, after Corpus Christi; then 20 to 23, 26 to 28
unmoved     | offline | 2029-03-05T09:00+01:00 | unavailability 2029-03-05T08:00+01:00/2029-03-19T06:00+01:00 & failure 2029-03-06T10:00+01:00/2029-03-06T14:00+01:00 | 2029-03-20T23:00Z | seven days from the failure are over before the unavailability is
moved       | offline24 | 2030-04-17T12:00+02:00 | failure 2030-04-18T08:00+02:00/2030-04-19T20:00+02:00 & failure 2030-05-02T09:00+02:00/2030-05-02T11:00+02:00 | 2030-05-14T22:00Z | until 2 May, over Easter; then 6 to 10, 13 14

total       | totalFailure | 2028-11-30 | | none | never sent
total       | offline24 | 2028-11-30T10:00+01:00 | totalFailure 2028-12-01T08:00+01:00/.. | none | on the last day
unmoved     | offline24 | 2028-11-30T10:00+01:00 | totalFailure 2028-12-02T08:00+01:00/.. | 2028-12-01T23:00Z | a day too late
total       | awaria | 2029-06-04 | failure 2029-06-04T08:00+02:00/2029-06-04T12:00+02:00 & totalFailure 2029-06-13T20:00+02:00/2029-06-14T10:00+02:00 | none | on the seventh day
unmoved     | offline24 | 2030-02-04T13:00+01:00 | totalFailure 2030-02-04T08:00+01:00/2030-02-04T12:00+01:00 | 2030-02-05T23:00Z | over before the issue
total       | offline | 2028-01-05T09:00+01:00 | unavailability 2028-01-05T08:00+01:00/.. & totalFailure 2028-01-20T08:00+01:00/.. | none | while the unavailability lasts
`

const OUTAGE = /^(\w+) ([^/]+)\/([^@]+)(?:@(.+))?$/

function outageOf(text: string): Outage {
  const [, kind = '', start = '', end = '', announced = start] = OUTAGE.exec(text.trim()) ?? []
  return {
    kind: kind as OutageKind,
    announced: new Date(announced),
    start: new Date(start),
    end: end === '..' ? null : new Date(end),
  }
}

type Case = {
  readonly rule: string
  readonly invoice: OfflineInvoice
  readonly deadline: string
  readonly why: string
}

function caseOf(line: string): Case {
  const [rule = '', mode = '', issued = '', outages = '', deadline = '', why = ''] = line
    .split('|')
    .map((cell) => cell.trim())
  const invoice = {
    mode: OFFLINE_MODES.find((known) => known === mode) ?? 'offline24',
    issuedOn: issued.slice(0, 10),
    ...(issued.length > 10 ? { issuedAt: new Date(issued) } : {}),
    outages: outages === '' ? [] : outages.split('&').map(outageOf),
  }
  return { rule, invoice, deadline, why }
}

const CASES = TABLE.split('\n')
  .filter((line) => line.trim() !== '')
  .map(caseOf)

const told = (deadline: Deadline): string =>
  deadline.kind === 'by'
    ? deadline.at.toISOString().replace(':00.000Z', 'Z')
    : deadline.kind === 'open'
      ? `open ${deadline.because}`
      : deadline.kind

describe('deadlines worked out by hand', () => {
  test.each(CASES)('$rule, $invoice.mode of $invoice.issuedOn: $why', ({ rule, invoice, deadline }) => {
    expect(RULES).toHaveProperty(rule)
    const found = deadlineOf(invoice)
    expect(told(found)).toBe(deadline)
    if (found.kind === 'by') expect(found.day).toBe(deadline.slice(0, 10))
  })

  test('they are sixty or more, over all years, modes and rules', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(60)
    expect(new Set(CASES.map(({ rule }) => rule))).toEqual(new Set(Object.keys(RULES)))
    expect(new Set(CASES.map(({ invoice }) => invoice.mode))).toEqual(new Set(OFFLINE_MODES))
    expect(new Set(CASES.map(({ invoice }) => invoice.issuedOn.slice(0, 4)))).toEqual(
      new Set(['2026', '2027', '2028', '2029', '2030']),
    )
  })
})

const EPOCH = Date.UTC(2026, 0, 1)
const HOUR_MS = 3600 * 1000
const hours = fc.integer({ min: 0, max: 5 * 365 * 24 }).map((count) => new Date(EPOCH + count * HOUR_MS))
const outage = fc
  .record({
    kind: fc.constantFrom<OutageKind>('unavailability', 'failure'),
    start: hours,
    lasts: fc.option(fc.integer({ min: 0, max: 400 })),
    late: fc.integer({ min: -100, max: 30 }),
  })
  .map(({ kind, start, lasts, late }) => ({
    kind,
    start,
    announced: new Date(start.getTime() + late * HOUR_MS),
    end: lasts === null ? null : new Date(start.getTime() + lasts * HOUR_MS),
  }))
/** Outages about the time of issue, so that they matter. */
const invoice = fc
  .record({
    mode: fc.constantFrom('offline24', 'offline', 'awaria'),
    issuedAt: hours,
    exact: fc.boolean(),
    outages: fc.array(outage, { maxLength: 6 }),
  })
  .map(({ mode, issuedAt, exact, outages }): OfflineInvoice => {
    const near = (date: Date): Date =>
      new Date(issuedAt.getTime() + (date.getTime() - EPOCH) / 120 - 10 * 24 * HOUR_MS)
    const moved = outages.map((one) => ({
      kind: one.kind,
      start: near(one.start),
      announced: new Date(near(one.start).getTime() + one.announced.getTime() - one.start.getTime()),
      end:
        one.end === null
          ? null
          : new Date(near(one.start).getTime() + one.end.getTime() - one.start.getTime()),
    }))
    const issuedOn = issuedAt.toISOString().slice(0, 10)
    return { mode, issuedOn, outages: moved, ...(exact ? { issuedAt } : {}) }
  })

/** When a deadline lies, `open` and `none` after any day. */
const rank = (deadline: Deadline): number =>
  deadline.kind === 'by' ? deadline.at.getTime() : Number.POSITIVE_INFINITY

test('a deadline is a business day after the issue', () => {
  fc.assert(
    fc.property(invoice, (one) => {
      const deadline = deadlineOf(one)
      if (deadline.kind !== 'by') return
      expect(deadline.day > one.issuedOn).toBe(true)
      expect(isBusinessDay(deadline.day)).toBe(true)
    }),
  )
})

test('a further failure never makes a deadline earlier, and the order of outages does not matter', () => {
  fc.assert(
    fc.property(invoice, outage, (one, more) => {
      const failure = { ...more, kind: 'failure' as const }
      const before = deadlineOf(one)
      expect(rank(deadlineOf({ ...one, outages: [...one.outages, failure] }))).toBeGreaterThanOrEqual(
        rank(before),
      )
      expect(deadlineOf({ ...one, outages: one.outages.toReversed() })).toEqual(before)
    }),
  )
})

test('a later issue never has an earlier deadline, when nothing is announced', () => {
  fc.assert(
    fc.property(hours, hours, (a, b) => {
      const [first, second] = [a, b].map((at) => at.toISOString().slice(0, 10)).toSorted()
      const at = (issuedOn = '') => rank(deadlineOf({ mode: 'offline24', issuedOn, outages: [] }))
      expect(at(second)).toBeGreaterThanOrEqual(at(first))
    }),
  )
})

test('only what was announced can be known: an end told later moves an open deadline to seven business days after it', () => {
  const failure = {
    kind: 'failure',
    announced: new Date('2026-07-09T08:00Z'),
    start: new Date('2026-07-09T08:00Z'),
  } as const
  const issued = { mode: 'offline24', issuedOn: '2026-07-08' } as const
  expect(deadlineOf({ ...issued, outages: [{ ...failure, end: null }] }).kind).toBe('open')
  const ended = deadlineOf({ ...issued, outages: [{ ...failure, end: new Date('2026-07-11T10:00Z') }] })
  expect(ended).toMatchObject({ kind: 'by', day: '2026-07-21', because: 'failure-ended' })
})

test('the term begins with the issue or with the end of the outage it is counted from', () => {
  const since = (invoice: OfflineInvoice): string | null => {
    const deadline = deadlineOf(invoice)
    return deadline.kind === 'by' ? deadline.since.toISOString() : null
  }
  const issued = { mode: 'offline24', issuedOn: '2026-07-08', outages: [] } as const
  expect(since({ ...issued, issuedAt: new Date('2026-07-08T10:00Z') })).toBe('2026-07-08T10:00:00.000Z')
  // Accepted after the day of issue, or with a clock that runs ahead: the day of issue counts.
  expect(since({ ...issued, issuedAt: new Date('2026-07-10T10:00Z') })).toBe('2026-07-08T21:59:59.999Z')
  expect(since({ ...issued, issuedAt: new Date('2026-07-01T10:00Z') })).toBe('2026-07-07T22:00:00.000Z')
  const failure = outageOf('failure 2026-07-09T08:00Z/2026-07-11T10:00Z')
  expect(since({ ...issued, outages: [failure] })).toBe('2026-07-11T10:00:00.000Z')
})

test.each(['2026-02-30', '2026-2-3', '', 'soon'])('%j is no day to issue on', (issuedOn) => {
  expect(() => deadlineOf({ mode: 'offline24', issuedOn, outages: [] })).toThrow(RangeError)
})
