/** Lines with their values worked out, and what each contributes to the totals. */
import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import { amountText, Exact, exactOrNull, ZERO } from '../amounts/exact.ts'
import { discountOf, fitsPrice, fitsVat, type PricedLine, valueAt } from '../amounts/line-value.ts'
import { meaningOfRate } from '../amounts/rates.ts'
import { type TaxRow, vatOf } from '../amounts/tax-summary.ts'
import { dataFault } from '../data-faults.ts'
import type { FaData } from '../forms/fa.ts'

export type Line = NonNullable<FaData['lines']>[number]

/** Number, discount and value, where they are left out. */
export function completeLine(line: Line, index: number, exchangeRate: string | undefined): Line {
  const { discountPercent, ...kept } = line
  const discount = discountOf(line)
  const net = kept.netValue === undefined ? valueAt(line, line.netUnitPrice) : null
  const isGross =
    line.grossUnitPrice !== undefined && line.netUnitPrice === undefined && line.netValue === undefined
  const gross = isGross && line.grossValue === undefined ? valueAt(line, line.grossUnitPrice) : null
  return {
    ...kept,
    number: line.number ?? index + 1,
    ...(discountPercent === undefined || line.discount !== undefined
      ? {}
      : { discount: amountText(discount) }),
    ...(net === null ? {} : { netValue: amountText(net) }),
    ...(gross === null ? {} : { grossValue: amountText(gross) }),
    ...(exchangeRate === undefined || line.exchangeRate !== undefined ? {} : { exchangeRate }),
  }
}

/** Values that their prices, quantities and rates do not make. */
export function faultsOfLine(line: Line, given: PricedLine, pointer: string): InvoiceFault[] {
  const faults: InvoiceFault[] = []
  const values = [
    ['netValue', line.netValue, line.netUnitPrice],
    ['grossValue', line.grossValue, line.grossUnitPrice],
  ] as const
  for (const [name, value, price] of values) {
    if (value === undefined || fitsPrice(value, given, price)) continue
    const expected = valueAt(given, price)
    const message = `${value} is given; quantity, price and discount make ${expected === null ? '?' : amountText(expected)}.`
    faults.push(dataFault('INVOICE_VALUE_MISMATCH', `${pointer}/${name}`, message))
  }
  return [...faults, ...faultOfVat(line, pointer)]
}

function faultOfVat(line: Line, pointer: string): InvoiceFault[] {
  const percent = meaningOfRate(line)?.percent ?? null
  const { vat, netValue, grossValue } = line
  const amount = netValue ?? grossValue
  if (vat === undefined || percent === null || amount === undefined) return []
  const expected = vatOf(new Exact(amount), percent, netValue === undefined ? 'gross' : 'net')
  if (fitsVat(vat, expected)) return []
  const message = `${vat} is given; the rate makes ${amountText(expected)} of ${amount}.`
  return [dataFault('INVOICE_VALUE_MISMATCH', `${pointer}/vat`, message)]
}

/** null for a line without a rate or without a value. */
export function taxRowOf(line: Line, isMargin: boolean): TaxRow | null {
  const meaning = meaningOfRate(line) ?? (isMargin ? meaningOfRate({ vatRate: 'margin' }) : null)
  const net = exactOrNull(line.netValue)
  const gross = exactOrNull(line.grossValue)
  if (meaning === null || (net === null && gross === null)) return null
  return {
    ...meaning,
    before: line.before === true,
    net,
    gross,
    vat: exactOrNull(line.vat),
    exchangeRate: exactOrNull(line.exchangeRate),
  }
}

type Order = NonNullable<FaData['order']>
type OrderLine = NonNullable<Order['lines']>[number]

function completeOrderLine(line: OrderLine, index: number): OrderLine {
  const netValue = exactOrNull(line.netValue) ?? valueAt(line, line.netUnitPrice)
  const percent = meaningOfRate(line)?.percent ?? null
  const vat =
    exactOrNull(line.vat) ?? (netValue === null || percent === null ? null : vatOf(netValue, percent, 'net'))
  return {
    ...line,
    number: line.number ?? index + 1,
    ...(netValue === null ? {} : { netValue: line.netValue ?? amountText(netValue) }),
    ...(vat === null ? {} : { vat: line.vat ?? amountText(vat) }),
  }
}

export const grossOfOrderLine = (line: OrderLine): Exact =>
  new Exact(line.netValue ?? '0').plus(line.vat ?? '0')

/** The order with its values; its own value is that of what it is now. */
export function completeOrder(order: Order): Order {
  const lines = (order.lines ?? []).map(completeOrderLine)
  const worth = lines
    .filter(({ before }) => before !== true)
    .reduce((total, line) => total.plus(grossOfOrderLine(line)), ZERO)
  return { ...order, lines, value: order.value ?? amountText(worth) }
}
