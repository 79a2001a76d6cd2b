/** A whole FA invoice out of what a caller says: the company's own data, values, totals, annotations that follow. */
import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import { amountText, Exact, sum } from '../amounts/exact.ts'
import { meaningOfRate } from '../amounts/rates.ts'
import type { FaData } from '../forms/fa.ts'
import { faultsOfFa } from './fa-rules.ts'
import { completeLine, completeOrder, faultsOfLine } from './lines.ts'
import { asCompany, identified, withAccount } from './parties.ts'
import { type Completed, type CompletionSetting, momentText } from './setting.ts'
import { completeTotals } from './totals.ts'

/** Above it, goods of annex 15 are paid by split payment (art. 106e ust. 1 pkt 18a). */
const SPLIT_PAYMENT_ABOVE_PLN = 15_000

export function completeFa(given: FaData, setting: CompletionSetting): Completed<FaData> {
  const { exchangeRate, ...data } = withAccount(withParties(given, setting), setting)
  const isAdvance = data.kind === 'ZAL' || data.kind === 'KOR_ZAL'
  const ofLines = isAdvance || (data.currency ?? 'PLN') === 'PLN' ? undefined : exchangeRate
  const lines = data.lines?.map((line, index) => completeLine(line, index, ofLines))
  const valued: FaData = {
    ...data,
    createdAt: data.createdAt ?? momentText(setting.now),
    ...(setting.systemInfo === undefined || data.systemInfo !== undefined
      ? {}
      : { systemInfo: setting.systemInfo }),
    ...(lines === undefined ? {} : { lines }),
    ...(data.order === undefined ? {} : { order: completeOrder(data.order) }),
    ...(isAdvance && exchangeRate !== undefined
      ? { advanceExchangeRate: data.advanceExchangeRate ?? exchangeRate }
      : {}),
  }
  const faults = [...faultsOfFa(valued, setting.company), ...lineFaults(lines ?? [], given)]
  if (faults.length > 0) return { data: valued, faults }
  const totals = completeTotals(valued)
  const whole = withSettlement({ ...valued, totals: totals.data })
  return { data: { ...whole, annotations: annotationsOf(whole) }, faults: totals.faults }
}

function withParties(given: FaData, setting: CompletionSetting): FaData {
  const selfInvoicing = given.annotations?.selfInvoicing === true
  const seller = selfInvoicing ? given.seller : asCompany(given.seller, setting)
  const buyer = selfInvoicing ? asCompany(given.buyer, setting) : given.buyer
  return {
    ...given,
    ...(seller === undefined ? {} : { seller }),
    ...(buyer === undefined ? {} : { buyer: identified(buyer) }),
    ...(given.thirdParties === undefined ? {} : { thirdParties: given.thirdParties.map(identified) }),
  }
}

function lineFaults(lines: NonNullable<FaData['lines']>, given: FaData): InvoiceFault[] {
  return lines.flatMap((line, index) => faultsOfLine(line, given.lines?.[index] ?? line, `/lines/${index}`))
}

/** The sums beside the total, and what is left to pay. */
function withSettlement(data: FaData): FaData {
  const { settlement, totals } = data
  if (settlement === undefined) return data
  const { charges, deductions } = settlement
  const added = sum((charges ?? []).map(({ amount }) => new Exact(amount)))
  const taken = sum((deductions ?? []).map(({ amount }) => new Exact(amount)))
  const toPay = new Exact(totals?.gross ?? '0').plus(added).minus(taken)
  const isOpen = settlement.toPay === undefined && settlement.overpaid === undefined
  const left = toPay.lt(0) ? { overpaid: amountText(toPay.times(-1)) } : { toPay: amountText(toPay) }
  return {
    ...data,
    settlement: {
      ...settlement,
      ...(charges === undefined ? {} : { chargesSum: settlement.chargesSum ?? amountText(added) }),
      ...(deductions === undefined ? {} : { deductionsSum: settlement.deductionsSum ?? amountText(taken) }),
      ...(isOpen ? left : {}),
    },
  }
}

/** What follows from the rates and the total is filled in; what the caller says stays. */
function annotationsOf(data: FaData): NonNullable<FaData['annotations']> {
  const lines = data.lines ?? []
  const buckets = lines.map((line) => meaningOfRate(line)?.bucket)
  const given = data.annotations ?? {}
  const isLarge =
    (data.currency ?? 'PLN') === 'PLN' && new Exact(data.totals?.gross ?? '0').gt(SPLIT_PAYMENT_ABOVE_PLN)
  const annex15 = lines.some((line) => line.annex15 === true) && data.buyer?.nip !== undefined
  return {
    ...(buckets.some((bucket) => bucket === 'reverseCharge' || bucket === 'euServices')
      ? { reverseCharge: true }
      : {}),
    ...(isLarge && annex15 ? { splitPayment: true } : {}),
    ...given,
  }
}
