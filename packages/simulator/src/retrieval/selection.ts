import { warsawMoment } from '../clock.ts'
import { type Context, nipOf } from '../identity.ts'
import { concerns, dateOf, type MetadataFilters, passes, type ReadRange } from '../invoice-metadata.ts'
import { KsefRefusal } from '../refusal.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { highWaterMark, shownFrom } from './high-water-mark.ts'

/** What a set of filters selects at a moment, for queries and exports alike. */
export type Selection = {
  invoices: AcceptedInvoice[]
  /** Only for filters by PermanentStorage: the mark, or the end of the asked range when that is earlier. */
  hwm?: Date
}

const DAY_MS = 24 * 3600 * 1000

const isRestricted = ({ dateRange }: MetadataFilters): boolean =>
  dateRange.dateType === 'PermanentStorage' && dateRange.restrictToPermanentStorageHwmDate === true

export const markOf = (world: World, now: Date): Date => highWaterMark(now, world.settings.retrieval.hwmLagMs)

/** True when nothing can have come yet: the range begins after the high-water mark it is to be cut at. */
export const beginsAfterMark = (world: World, filters: MetadataFilters): boolean =>
  isRestricted(filters) && warsawMoment(filters.dateRange.from) > markOf(world, world.clock.now())

/** @throws KsefRefusal 21405 for a date that is none, an end before its beginning, a range too long */
export function readRange(world: World, { dateRange }: MetadataFilters): ReadRange {
  const from = warsawMoment(dateRange.from)
  const to = dateRange.to == null ? undefined : warsawMoment(dateRange.to)
  const end = to ?? world.clock.now()
  if (Number.isNaN(from.getTime()) || Number.isNaN(end.getTime()))
    throw new KsefRefusal(21405, 'dateRange: nieprawidłowa data.')
  if (to !== undefined && to < from)
    throw new KsefRefusal(21405, 'dateRange.to jest wcześniejsze niż dateRange.from.')
  const { rangeDays } = world.settings.retrieval
  if (end.getTime() - from.getTime() > rangeDays * DAY_MS)
    throw new KsefRefusal(21405, `dateRange nie może przekraczać ${rangeDays} dni.`)
  return { from, ...(to === undefined ? {} : { to }) }
}

const compare = (a: string, b: string): number => Number(a > b) - Number(a < b)

/**
 * The context's invoices in the asked role that pass the filters and are shown by now, oldest first by the asked
 * date; equal dates in the order of KSeF numbers, so that pages never overlap.
 */
export function select(
  world: World,
  { context, filters, range }: { context: Context; filters: MetadataFilters; range: ReadRange },
): Selection {
  const now = world.clock.now()
  const { hwmLagMs } = world.settings.retrieval
  const mark = markOf(world, now)
  const { dateType } = filters.dateRange
  const end = isRestricted(filters) && (range.to === undefined || mark < range.to) ? mark : range.to
  const cut: ReadRange = { from: range.from, ...(end === undefined ? {} : { to: end }) }
  const parties = [...new Set([context.value, nipOf(context) ?? context.value])]
  const invoices = world.register
    .naming(parties)
    .filter(
      (invoice) =>
        shownFrom(invoice, hwmLagMs) <= now &&
        concerns(invoice, context, filters.subjectType) &&
        passes(invoice, filters, cut),
    )
    .map((invoice) => ({ invoice, at: dateOf(invoice, dateType).getTime() }))
    .sort((a, b) => a.at - b.at || compare(a.invoice.ksefNumber, b.invoice.ksefNumber))
    .map(({ invoice }) => invoice)
  if (dateType !== 'PermanentStorage') return { invoices }
  return { invoices, hwm: range.to !== undefined && range.to < mark ? range.to : mark }
}
