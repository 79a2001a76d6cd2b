import { warsawDate } from './clock.ts'
import { type Context, nipOf } from './identity.ts'
import type { AcceptedInvoice } from './stores/sessions.ts'

/** POST /invoices/query/metadata: filters (schema InvoiceQueryFilters) and rows (schema InvoiceMetadata). Pure. */
export type DateType = 'Issue' | 'Invoicing' | 'PermanentStorage'
export type ReadRange = { from: Date; to?: Date }

export type MetadataFilters = {
  subjectType: 'Subject1' | 'Subject2' | 'Subject3' | 'SubjectAuthorized'
  dateRange: {
    dateType: DateType
    from: string
    to?: string | null
    restrictToPermanentStorageHwmDate?: boolean | null
  }
  ksefNumber?: string | null
  invoiceNumber?: string | null
  amount?: { type: 'Brutto' | 'Netto' | 'Vat'; from?: number | null; to?: number | null } | null
  sellerNip?: string | null
  buyerIdentifier?: { type: string; value?: string | null } | null
  currencyCodes?: string[] | null
  invoicingMode?: string | null
  isSelfInvoicing?: boolean | null
  formType?: string | null
  invoiceTypes?: string[] | null
  hasAttachment?: boolean | null
}

const INVOICE_TYPES: Record<string, string> = {
  VAT: 'Vat',
  ZAL: 'Zal',
  KOR: 'Kor',
  ROZ: 'Roz',
  UPR: 'Upr',
  KOR_ZAL: 'KorZal',
  KOR_ROZ: 'KorRoz',
  VAT_RR: 'VatRr',
  KOR_VAT_RR: 'KorVatRr',
}

const invoiceTypeOf = ({ facts }: AcceptedInvoice): string => INVOICE_TYPES[facts.invoiceKind] ?? 'Vat'

/** Whether the context plays the role `subjectType` in the invoice. */
export function concerns(
  invoice: AcceptedInvoice,
  context: Context,
  role: MetadataFilters['subjectType'],
): boolean {
  const nip = nipOf(context)
  const { seller, buyer, thirdParties } = invoice.facts
  if (role === 'Subject1') return seller.nip === nip
  if (role === 'Subject2') return buyer.identifier.value === nip || buyer.identifier.value === context.value
  if (role === 'Subject3') {
    return thirdParties.some(
      ({ identifier }) => identifier.value === nip || identifier.value === context.value,
    )
  }
  return invoice.facts.authorized?.nip === nip
}

export function dateOf(invoice: AcceptedInvoice, dateType: DateType): Date {
  if (dateType === 'Issue') return new Date(invoice.facts.issueDate)
  return dateType === 'Invoicing' ? invoice.receivedAt : invoice.permanentStorageDate
}

const isWanted = <Value>(wanted: Value | null | undefined, actual: Value): boolean =>
  wanted == null || wanted === actual
const isOneOf = (wanted: string[] | null | undefined, actual: string): boolean =>
  wanted == null || wanted.length === 0 || wanted.includes(actual)

function amountFits(invoice: AcceptedInvoice, amount: MetadataFilters['amount']): boolean {
  if (amount == null) return true
  const { netAmount, grossAmount, vatAmount } = invoice.facts
  const actual = { Brutto: grossAmount, Netto: netAmount, Vat: vatAmount }[amount.type]
  return (
    actual >= (amount.from ?? Number.NEGATIVE_INFINITY) && actual <= (amount.to ?? Number.POSITIVE_INFINITY)
  )
}

/** Issue dates are days: those of the range's ends count in full. */
function isInRange(invoice: AcceptedInvoice, dateType: DateType, { from, to }: ReadRange): boolean {
  if (dateType === 'Issue') {
    const { issueDate } = invoice.facts
    return issueDate >= warsawDate(from) && (to === undefined || issueDate <= warsawDate(to))
  }
  const at = dateOf(invoice, dateType)
  return at >= from && (to === undefined || at <= to)
}

/** Buyers have no InternalId among their types (schema BuyerIdentifierType). */
const buyerTypeOf = ({ facts }: AcceptedInvoice): string =>
  facts.buyer.identifier.type === 'InternalId' ? 'Other' : facts.buyer.identifier.type

/** Whether the invoice passes every filter; `range` is the asked range as moments, already cut where it must be. */
export function passes(invoice: AcceptedInvoice, filters: MetadataFilters, range: ReadRange): boolean {
  const { facts, form } = invoice
  const { buyerIdentifier } = filters
  return (
    isWanted(filters.ksefNumber, invoice.ksefNumber) &&
    isWanted(filters.invoiceNumber, facts.invoiceNumber) &&
    isWanted(filters.sellerNip, facts.seller.nip) &&
    isWanted(filters.invoicingMode, invoice.invoicingMode) &&
    isWanted(filters.isSelfInvoicing, facts.isSelfInvoicing) &&
    isWanted(filters.hasAttachment, facts.hasAttachment) &&
    isWanted(filters.formType, form.formCode.value) &&
    isOneOf(filters.currencyCodes, facts.currency) &&
    isOneOf(filters.invoiceTypes, invoiceTypeOf(invoice)) &&
    isWanted(buyerIdentifier?.type, buyerTypeOf(invoice)) &&
    isWanted(buyerIdentifier?.value, facts.buyer.identifier.value) &&
    amountFits(invoice, filters.amount) &&
    isInRange(invoice, filters.dateRange.dateType, range)
  )
}

/** Schema InvoiceMetadata. */
export function describeInvoice(invoice: AcceptedInvoice) {
  const { facts } = invoice
  return {
    ksefNumber: invoice.ksefNumber,
    invoiceNumber: facts.invoiceNumber,
    issueDate: facts.issueDate,
    invoicingDate: invoice.receivedAt.toISOString(),
    acquisitionDate: invoice.acquisitionDate.toISOString(),
    permanentStorageDate: invoice.permanentStorageDate.toISOString(),
    seller: facts.seller,
    buyer: { ...facts.buyer, identifier: { ...facts.buyer.identifier, type: buyerTypeOf(invoice) } },
    netAmount: facts.netAmount,
    grossAmount: facts.grossAmount,
    vatAmount: facts.vatAmount,
    currency: facts.currency,
    invoicingMode: invoice.invoicingMode,
    invoiceType: invoiceTypeOf(invoice),
    formCode: invoice.form.formCode,
    isSelfInvoicing: facts.isSelfInvoicing,
    hasAttachment: facts.hasAttachment,
    invoiceHash: invoice.invoiceHash,
    hashOfCorrectedInvoice: invoice.hashOfCorrectedInvoice ?? null,
    thirdSubjects: facts.thirdParties,
    authorizedSubject: facts.authorized ?? null,
  }
}
