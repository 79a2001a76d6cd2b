/** A whole FA_RR invoice: values, refunds and totals, and the total in words (art. 116 ust. 2). */
import { toCardinal, toCurrency } from 'n2words/pl-PL'
import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import { amountText, Exact, round, sum, ZERO } from '../amounts/exact.ts'
import { fitsPrice, fitsVat } from '../amounts/line-value.ts'
import { dataFault } from '../data-faults.ts'
import type { FaRrData } from '../forms/fa-rr.ts'
import { asCompany, missingOf } from './parties.ts'
import { type Completed, type CompletionSetting, momentText } from './setting.ts'

type Line = NonNullable<FaRrData['lines']>[number]
type Totals = NonNullable<FaRrData['totals']>

export function completeFaRr(given: FaRrData, setting: CompletionSetting): Completed<FaRrData> {
  const { exchangeRate, ...data } = given
  const buyer = asCompany(given.buyer, setting)
  const currency = data.currency ?? 'PLN'
  const ofLines = currency === 'PLN' ? undefined : exchangeRate
  const lines = data.lines?.map((line, index) => completeLine(line, index, ofLines))
  const whole: FaRrData = {
    ...data,
    createdAt: data.createdAt ?? momentText(setting.now),
    ...(setting.systemInfo === undefined || data.systemInfo !== undefined
      ? {}
      : { systemInfo: setting.systemInfo }),
    ...(buyer === undefined ? {} : { buyer }),
    ...(lines === undefined ? {} : { lines }),
  }
  const faults = [...needed(whole, setting), ...(lines ?? []).flatMap(lineFaults)]
  if (faults.length > 0) return { data: whole, faults }
  const totals = completeTotals(whole, lines ?? [])
  return { data: { ...whole, totals: totals.data }, faults: totals.faults }
}

function needed(data: FaRrData, { company }: CompletionSetting): InvoiceFault[] {
  const correcting = data.kind === 'KOR_VAT_RR'
  const missing = (pointer: string) => dataFault('INVOICE_FIELD_MISSING', pointer)
  return [
    ...missingOf(data.seller, '/seller'),
    ...missingOf(data.buyer, '/buyer', data.buyer?.nip === company?.nip ? company : undefined),
    ...((data.lines ?? []).length === 0 && !correcting ? [missing('/lines')] : []),
    ...(correcting && (data.correction?.invoices ?? []).length === 0
      ? [missing('/correction/invoices')]
      : []),
    ...(!correcting && data.correction !== undefined
      ? [dataFault('INVOICE_FIELDS_EXCLUDE', '/correction', '`correction` belongs to KOR_VAT_RR.')]
      : []),
  ]
}

const refundOf = (value: Exact, rate: string): Exact => round(value.times(rate).div(100))

function completeLine(line: Line, index: number, exchangeRate: string | undefined): Line {
  const value = new Exact(line.value ?? round(new Exact(line.quantity).times(line.unitPrice)))
  const refund = new Exact(line.refund ?? refundOf(value, line.refundRate))
  return {
    ...line,
    number: line.number ?? index + 1,
    value: line.value ?? amountText(value),
    refund: line.refund ?? amountText(refund),
    grossValue: line.grossValue ?? amountText(value.plus(refund)),
    ...(exchangeRate === undefined || line.exchangeRate !== undefined ? {} : { exchangeRate }),
  }
}

function lineFaults(line: Line, index: number): InvoiceFault[] {
  const { value = '0', refund = '0', grossValue = '0' } = line
  const wrong = (name: string, given: string, expected: Exact) =>
    dataFault(
      'INVOICE_VALUE_MISMATCH',
      `/lines/${index}/${name}`,
      `${given} is given; the line makes ${amountText(expected)}.`,
    )
  const whole = new Exact(value).plus(refund)
  return [
    ...(fitsPrice(value, { quantity: line.quantity }, line.unitPrice)
      ? []
      : [wrong('value', value, round(new Exact(line.quantity).times(line.unitPrice)))]),
    ...(fitsVat(refund, refundOf(new Exact(value), line.refundRate))
      ? []
      : [wrong('refund', refund, refundOf(new Exact(value), line.refundRate))]),
    ...(whole.eq(grossValue) ? [] : [wrong('grossValue', grossValue, whole)]),
  ]
}

function completeTotals(data: FaRrData, lines: readonly Line[]): Completed<Totals> {
  const given = data.totals ?? {}
  const currency = data.currency ?? 'PLN'
  const of = (name: 'value' | 'refund', times: (line: Line) => Exact = () => new Exact(1)) =>
    sum(
      lines.map((line) =>
        new Exact(line[name] ?? '0').times(times(line)).times(line.before === true ? -1 : 1),
      ),
    )
  if (lines.length === 0 && (given.value === undefined || given.refund === undefined))
    return { data: given, faults: [dataFault('INVOICE_TOTAL_MISSING', '/totals/value')] }
  const value = lines.length === 0 ? new Exact(given.value ?? ZERO) : of('value')
  const refund = lines.length === 0 ? new Exact(given.refund ?? ZERO) : of('refund')
  const worked = { value, refund, gross: value.plus(refund) }
  const faults = Object.entries(worked).flatMap(([name, expected]) => {
    const found = given[name as keyof typeof worked]
    return found === undefined || expected.eq(found)
      ? []
      : [
          dataFault(
            'INVOICE_TOTAL_MISMATCH',
            `/totals/${name}`,
            `${found} is given; the lines make ${amountText(expected)}.`,
          ),
        ]
  })
  const inPln = currency === 'PLN' ? null : plnOf(lines, of)
  if (currency !== 'PLN' && inPln === null && given.grossPln === undefined)
    faults.push(dataFault('INVOICE_EXCHANGE_RATE_MISSING', '/exchangeRate'))
  const totals: Totals = {
    value: amountText(value),
    refund: amountText(refund),
    gross: amountText(worked.gross),
    ...inPln,
    grossInWords: amountInWords(worked.gross, currency),
    ...given,
  }
  return { data: totals, faults }
}

function plnOf(
  lines: readonly Line[],
  of: (name: 'value' | 'refund', times: (line: Line) => Exact) => Exact,
): Pick<Totals, 'valuePln' | 'refundPln' | 'grossPln'> | null {
  if (lines.length === 0 || lines.some(({ exchangeRate }) => exchangeRate === undefined)) return null
  const rate = (line: Line) => new Exact(line.exchangeRate ?? '0')
  const [value, refund] = [round(of('value', rate)), round(of('refund', rate))]
  return {
    valuePln: amountText(value),
    refundPln: amountText(refund),
    grossPln: amountText(value.plus(refund)),
  }
}

/** In Polish; other currencies than the złoty by their code. */
export function amountInWords(amount: Exact, currency: string): string {
  const text = amountText(amount)
  if (currency === 'PLN') return toCurrency(text)
  const [whole = '0', cents = '00'] = text.split('.')
  return `${toCardinal(whole)} ${currency} ${cents}/100`
}
