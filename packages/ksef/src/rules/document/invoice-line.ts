import { type Amount, amount, ZERO } from './amount.ts'
import type { InvoiceNode } from './invoice-node.ts'
import { groupOfRate, type RateGroup } from './rate-groups.ts'

/** A `FaWiersz`, its amounts read once. Undefined is what the line does not state. */
export type InvoiceLine = {
  readonly node: InvoiceNode
  readonly number: string
  /** Shows the state before a correction (`StanPrzed`). */
  readonly isBefore: boolean
  /** P_12 as written; empty when there is none. */
  readonly rate: string
  readonly group: RateGroup | undefined
  readonly percent: Amount | undefined
  readonly quantity: Amount | undefined
  readonly unitNet: Amount | undefined
  readonly unitGross: Amount | undefined
  readonly discount: Amount | undefined
  readonly net: Amount | undefined
  readonly gross: Amount | undefined
  readonly vat: Amount | undefined
  /** `KursWaluty`. */
  readonly exchange: Amount | undefined
}

function percentOfLine(node: InvoiceNode, rate: string): Amount | undefined {
  if (/^\d+$/.test(rate)) return amount(rate)
  return rate === '' ? node.amount('P_12_XII') : ZERO
}

/** @param isMargin the invoice says that it applies a margin procedure, whose lines name no rate */
export function lineOf(node: InvoiceNode, isMargin: boolean): InvoiceLine {
  const rate = node.read('P_12')
  const otherwise = node.has('P_12_XII') ? 'oss' : isMargin && rate === '' ? 'margin' : undefined
  return {
    node,
    number: node.read('NrWierszaFa'),
    isBefore: node.says('StanPrzed', '1'),
    rate,
    group: groupOfRate(rate) ?? otherwise,
    percent: percentOfLine(node, rate),
    quantity: node.amount('P_8B'),
    unitNet: node.amount('P_9A'),
    unitGross: node.amount('P_9B'),
    discount: node.amount('P_10'),
    net: node.amount('P_11'),
    gross: node.amount('P_11A'),
    vat: node.amount('P_11Vat'),
    exchange: node.amount('KursWaluty'),
  }
}
