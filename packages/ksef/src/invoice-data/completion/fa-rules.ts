/** What an invoice needs by its kind and its lines, before sums are made. */
import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import { meaningOfRate } from '../amounts/rates.ts'
import { dataFault } from '../data-faults.ts'
import type { FaData } from '../forms/fa.ts'
import { isCorrection } from './correction.ts'
import { missingOf } from './parties.ts'
import type { IssuingCompany } from './setting.ts'

type Rule = (data: FaData, company: IssuingCompany | undefined) => InvoiceFault[]

const missing = (pointer: string, message?: string): InvoiceFault =>
  dataFault('INVOICE_FIELD_MISSING', pointer, message)
const excludes = (pointer: string, message: string): InvoiceFault =>
  dataFault('INVOICE_FIELDS_EXCLUDE', pointer, message)
const when = (applies: boolean, ...faults: InvoiceFault[]): InvoiceFault[] => (applies ? faults : [])

const isAdvance = ({ kind }: FaData): boolean => kind === 'ZAL' || kind === 'KOR_ZAL'
const linesOf = ({ lines }: FaData): NonNullable<FaData['lines']> => lines ?? []

const parties: Rule = (data, company) => [
  ...missingOf(data.seller, '/seller', data.seller?.nip === company?.nip ? company : undefined),
  ...when(data.buyer === undefined, missing('/buyer')),
  ...when(
    data.buyer !== undefined && data.buyer.name === undefined && data.kind !== 'UPR',
    missing('/buyer/name'),
  ),
]

const dates: Rule = ({ saleDate, period }) => [
  ...when(
    saleDate !== undefined && period !== undefined,
    excludes('/period', '`saleDate` and `period` exclude each other.'),
  ),
  ...when(
    period !== undefined && period.from > period.to,
    dataFault('INVOICE_FIELD_INVALID', '/period/to', 'The period ends before it begins.'),
  ),
]

const corrections: Rule = (data) => {
  const correcting = isCorrection(data)
  const invoices = data.correction?.invoices ?? []
  return [
    ...when(
      correcting && invoices.length === 0,
      missing('/correction/invoices', 'A correction names what it corrects.'),
    ),
    ...when(
      !correcting && data.correction !== undefined,
      excludes(
        '/correction',
        `\`correction\` belongs to KOR, KOR_ZAL and KOR_ROZ, not to ${data.kind ?? 'VAT'}.`,
      ),
    ),
    ...linesOf(data).flatMap((line, index) =>
      when(
        !correcting && line.before === true,
        excludes(
          `/lines/${index}/before`,
          `Only a correction has lines from before it, not ${data.kind ?? 'VAT'}.`,
        ),
      ),
    ),
  ]
}

const advances: Rule = (data) => {
  const hasOrder = (data.order?.lines ?? []).length > 0
  return [
    ...when(
      data.kind === 'ZAL' && !hasOrder,
      missing('/order/lines', 'An advance names the order it is for.'),
    ),
    ...when(
      data.kind === 'ZAL' && linesOf(data).length === 0 && data.totals?.gross === undefined,
      missing('/totals/gross', 'An advance says what was paid.'),
    ),
    ...when(
      data.kind === 'ROZ' && (data.advanceInvoices ?? []).length === 0,
      missing('/advanceInvoices', 'A final invoice names its advance invoices.'),
    ),
    ...when(
      data.order !== undefined && !isAdvance(data),
      excludes('/order', `\`order\` belongs to ZAL and KOR_ZAL, not to ${data.kind ?? 'VAT'}.`),
    ),
  ]
}

const mayLackLines = (data: FaData): boolean => isAdvance(data) || isCorrection(data)
const mayLackRate = (data: FaData): boolean => data.kind === 'UPR' || isCorrection(data)

const lines: Rule = (data) => [
  ...when(
    linesOf(data).length === 0 && !mayLackLines(data),
    missing('/lines', 'An invoice has at least one line.'),
  ),
  ...linesOf(data).flatMap((line, index) => [
    ...when(line.name === undefined && !isCorrection(data), missing(`/lines/${index}/name`)),
    ...when(
      meaningOfRate(line) === null && data.annotations?.margin === undefined && !mayLackRate(data),
      missing(`/lines/${index}/vatRate`),
    ),
    ...when(
      line.vatRate !== undefined && line.ossVatRate !== undefined,
      excludes(`/lines/${index}/ossVatRate`, '`vatRate` and `ossVatRate` exclude each other.'),
    ),
    ...valueFaults(data, index),
  ]),
  ...twins(linesOf(data)),
]

/** Sums need a value; a price without a quantity makes none. */
function valueFaults(data: FaData, index: number): InvoiceFault[] {
  const line = linesOf(data)[index]
  if (line === undefined || line.netValue !== undefined || line.grossValue !== undefined) return []
  const hasPrice = line.netUnitPrice !== undefined || line.grossUnitPrice !== undefined
  if (hasPrice && line.quantity === undefined) return [missing(`/lines/${index}/quantity`)]
  const message = 'A line needs a unit price and a quantity, or its value.'
  return when(!hasPrice && !mayLackRate(data), missing(`/lines/${index}/netUnitPrice`, message))
}

function twins(all: NonNullable<FaData['lines']>): InvoiceFault[] {
  const seen = new Set<string>()
  return all.flatMap(({ number, before }, index) => {
    const key = `${number} ${before === true}`
    const known = seen.has(key)
    seen.add(key)
    return when(
      known,
      dataFault('INVOICE_FIELD_INVALID', `/lines/${index}/number`, `Line ${number} is there already.`),
    )
  })
}

const annotations: Rule = (data) => {
  const buckets = linesOf(data).map((line) => meaningOfRate(line)?.bucket)
  return [
    ...when(
      buckets.includes('exempt') && data.annotations?.exemption === undefined,
      missing('/annotations/exemption', 'Exempt lines need the legal basis of the exemption.'),
    ),
    ...when(
      buckets.includes('margin') && data.annotations?.margin === undefined,
      missing('/annotations/margin', 'Lines under a margin scheme need its name.'),
    ),
  ]
}

const RULES: readonly Rule[] = [parties, dates, corrections, advances, lines, annotations]

/** @param company whose particulars were filled in */
export const faultsOfFa = (data: FaData, company?: IssuingCompany): InvoiceFault[] =>
  RULES.flatMap((rule) => rule(data, company))
