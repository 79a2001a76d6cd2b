/** The totals of an invoice: worked out of its lines or its order, and compared with those given. */
import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import { shareAdvance } from '../amounts/advance.ts'
import { amountText, Exact, exactOrNull, sum, ZERO } from '../amounts/exact.ts'
import { type Bucket, meaningOfRate, TAXED, UNTAXED } from '../amounts/rates.ts'
import {
  type BucketSummary,
  MixedPrices,
  type Sums,
  summarise,
  type TaxRow,
  type TaxSummary,
} from '../amounts/tax-summary.ts'
import { dataFault } from '../data-faults.ts'
import type { FaData } from '../forms/fa.ts'
import { grossOfOrderLine, taxRowOf } from './lines.ts'
import type { Completed } from './setting.ts'

export type Totals = NonNullable<FaData['totals']>

/** @param data with lines and order completed */
export function completeTotals(data: FaData): Completed<Totals> {
  const given = data.totals ?? {}
  const rows = rowsOf(data)
  if (rows === null) return { data: withGross(given), faults: cannotTell(given) }
  try {
    const summary = afterAdvances(summarise(rows), data)
    return settle(given, summary, data)
  } catch (error) {
    if (!(error instanceof MixedPrices)) throw error
    return {
      data: given,
      faults: [dataFault('INVOICE_PRICES_MIXED', '/lines', `Of the total \`${error.bucket}\`.`)],
    }
  }
}

const isAdvance = ({ kind }: FaData): boolean => kind === 'ZAL' || kind === 'KOR_ZAL'
const lacksDeductions = ({ kind, advanceInvoices = [] }: FaData): boolean =>
  kind === 'ROZ' && advanceInvoices.some(({ deducted }) => deducted === undefined)

/** What is taxed; null when the data does not say. */
function rowsOf(data: FaData): TaxRow[] | null {
  const lines = data.lines ?? []
  if (lacksDeductions(data)) return null
  if (lines.length === 0) return isAdvance(data) ? advanceRows(data) : null
  const rows = lines.map((line) => taxRowOf(line, data.annotations?.margin !== undefined))
  const known = rows.filter((row) => row !== null)
  return known.length === rows.length ? known : null
}

function advanceRows(data: FaData): TaxRow[] | null {
  const payment = exactOrNull(data.totals?.gross)
  const ordered = (data.order?.lines ?? []).flatMap((line) => {
    const meaning = meaningOfRate(line)
    return meaning === null
      ? []
      : [{ ...meaning, before: line.before === true, gross: grossOfOrderLine(line) }]
  })
  if (payment === null || ordered.length === 0) return null
  const now = ordered.filter(({ before }) => !before)
  const then = ordered.filter(({ before }) => before)
  const exchangeRate = exactOrNull(data.advanceExchangeRate)
  const paidBefore = exactOrNull(data.correction?.amountBefore)
  if (then.length === 0 || paidBefore === null)
    return shareAdvance(payment, now.length === 0 ? then : now, { before: false, exchangeRate })
  const rateBefore = exactOrNull(data.correction?.exchangeRateBefore) ?? exchangeRate
  return [
    ...shareAdvance(paidBefore.plus(payment), now, { before: false, exchangeRate }),
    ...shareAdvance(paidBefore, then, { before: true, exchangeRate: rateBefore }),
  ]
}

/** A final invoice is lowered by what its advances have taken (art. 106f ust. 3). */
function afterAdvances(summary: TaxSummary, { kind, advanceInvoices = [] }: FaData): TaxSummary {
  if (kind !== 'ROZ') return summary
  const taken = advanceInvoices.flatMap(({ deducted = [] }) => deducted)
  const lowered = new Map(summary)
  for (const { vatRate, net, vat = '0' } of taken) {
    const bucket = meaningOfRate({ vatRate })?.bucket
    const of = bucket === undefined ? undefined : lowered.get(bucket)
    if (bucket !== undefined) lowered.set(bucket, less(of, { net: new Exact(net), vat: new Exact(vat) }))
  }
  return lowered
}

function less(of: BucketSummary | undefined, taken: Sums): BucketSummary {
  const whole: BucketSummary = of ?? { lawful: [{ net: ZERO, vat: ZERO }], inPln: null }
  const lower = ({ net, vat }: Sums): Sums => ({ net: net.minus(taken.net), vat: vat.minus(taken.vat) })
  const [first, ...others] = whole.lawful
  return { lawful: [lower(first), ...others.map(lower)], inPln: whole.inPln }
}

function cannotTell(given: Totals): InvoiceFault[] {
  return given.gross === undefined
    ? [dataFault('INVOICE_TOTAL_MISSING', '/totals/gross', 'The lines do not tell all values and rates.')]
    : faultsOfGross(given, given.gross)
}

/** A caller who gives sums by rate means them all. */
function withGross(given: Totals): Totals {
  return given.gross !== undefined || Object.keys(given).length === 0
    ? given
    : { ...given, gross: amountText(grossOf(given)) }
}

function grossOf(totals: Totals): Exact {
  const taxed = TAXED.flatMap((bucket) => [totals[bucket]?.net, totals[bucket]?.vat])
  return sum([...taxed, ...UNTAXED.map((bucket) => totals[bucket])].map((text) => new Exact(text ?? '0')))
}

const hasBuckets = ({ gross: _, ...buckets }: Totals): boolean => Object.keys(buckets).length > 0

function faultsOfGross(totals: Totals, gross: string): InvoiceFault[] {
  const expected = grossOf(totals)
  return !hasBuckets(totals) || expected.eq(gross) ? [] : [mismatch('gross', gross, [expected])]
}

const mismatch = (path: string, given: string, expected: readonly Exact[]): InvoiceFault => {
  const others = [...new Set(expected.map(amountText))].join(' or ')
  return dataFault(
    'INVOICE_TOTAL_MISMATCH',
    `/totals/${path}`,
    `${given} is given; the lines make ${others}.`,
  )
}

function settle(given: Totals, summary: TaxSummary, data: FaData): Completed<Totals> {
  const faults: InvoiceFault[] = []
  let totals: Totals = { ...given }
  for (const [bucket, sums] of summary) {
    const settled = settleBucket(bucket, { given, sums, data })
    faults.push(...settled.faults)
    totals = { ...totals, ...settled.data }
  }
  for (const bucket of strangers(given, summary))
    faults.push(dataFault('INVOICE_TOTAL_MISMATCH', `/totals/${bucket}`, 'No line has this rate.'))
  const gross = given.gross ?? amountText(grossOf(totals))
  return {
    data: { ...totals, gross },
    faults: [...faults, ...(faults.length > 0 ? [] : faultsOfGross(totals, gross))],
  }
}

const isZero = (total: Totals[Bucket]): boolean =>
  total === undefined ||
  (typeof total === 'string' ? Number(total) === 0 : Number(total.net) === 0 && Number(total.vat ?? 0) === 0)

const strangers = (given: Totals, summary: TaxSummary): Bucket[] =>
  [...TAXED, ...UNTAXED].filter((bucket) => !summary.has(bucket) && !isZero(given[bucket]))

type Settling = { given: Totals; sums: BucketSummary; data: FaData }

function settleBucket(bucket: Bucket, { given, sums, data }: Settling): Completed<Totals> {
  const [worked] = sums.lawful
  const found = given[bucket]
  if (found === undefined || typeof found === 'string') {
    const untaxed = UNTAXED.some((name) => name === bucket)
    if (untaxed) return settleUntaxed(bucket, typeof found === 'string' ? found : undefined, worked.net)
    const vatPln = vatInPln(bucket, sums, data)
    const total = { net: amountText(worked.net), vat: amountText(worked.vat), ...vatPln.data }
    return { data: { [bucket]: total }, faults: vatPln.faults }
  }
  const vat = found.vat ?? '0'
  const right = sums.lawful.some(
    (each) => each.net.eq(found.net) && (found.vat === undefined || each.vat.eq(vat)),
  )
  if (!right) {
    const nets = sums.lawful.map(({ net }) => net)
    const wrongNet = !nets.some((net) => net.eq(found.net))
    return {
      data: {},
      faults: [
        wrongNet
          ? mismatch(`${bucket}/net`, found.net, nets)
          : mismatch(
              `${bucket}/vat`,
              vat,
              sums.lawful.map((each) => each.vat),
            ),
      ],
    }
  }
  const pln =
    'vatPln' in found && found.vatPln !== undefined ? { data: {}, faults: [] } : vatInPln(bucket, sums, data)
  return { data: { [bucket]: { ...found, ...pln.data } }, faults: pln.faults }
}

function settleUntaxed(bucket: Bucket, given: string | undefined, worked: Exact): Completed<Totals> {
  const right = given === undefined || worked.eq(given)
  return {
    data: { [bucket]: given ?? amountText(worked) },
    faults: right ? [] : [mismatch(bucket, given, [worked])],
  }
}

/** Taxes are owed in PLN; OSS is not settled in Poland. */
function vatInPln(
  bucket: Bucket,
  { lawful, inPln }: BucketSummary,
  data: FaData,
): Completed<{ vatPln?: string }> {
  if ((data.currency ?? 'PLN') === 'PLN' || bucket === 'oss') return { data: {}, faults: [] }
  if (inPln !== null) return { data: { vatPln: amountText(inPln(lawful[0].vat)) }, faults: [] }
  if (lawful[0].vat.eq(ZERO)) return { data: { vatPln: '0.00' }, faults: [] }
  return { data: {}, faults: [dataFault('INVOICE_EXCHANGE_RATE_MISSING', '/exchangeRate')] }
}
