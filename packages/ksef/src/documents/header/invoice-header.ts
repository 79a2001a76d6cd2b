/** What stands at the head of an invoice, whatever its form: enough to list it, find it and add it up. */
export type InvoiceHeader = {
  readonly form: HeaderForm
  /** `RodzajFaktury` as written (`VAT`, `KOR`, `VAT_RR`, …); of a PEF `VAT_PEF` or `KOR_PEF`. */
  readonly kind: string | null
  /** The issuer's own number: `P_2`, in FA_RR `P_4C`, in a PEF `ID`. */
  readonly number: string | null
  /** `P_1`, in FA_RR `P_4B`, in a PEF `IssueDate`. Dates are `YYYY-MM-DD`. */
  readonly issueDate: string | null
  /** `P_6`, or the last day of the period of `OkresFa`; in FA_RR `P_4A`, in a PEF `TaxPointDate`. */
  readonly saleDate: string | null
  readonly seller: HeaderParty
  readonly buyer: HeaderParty
  /** `Podmiot3`, in their order, a hundred at most. */
  readonly thirdParties: readonly (HeaderParty & { readonly role: number | null })[]
  /** `PodmiotUpowazniony` */
  readonly authorized: HeaderParty | null
  readonly currency: string | null
  /** In the invoice's currency, as exact decimals; of a correction, the difference it makes. */
  readonly totals: HeaderTotals
  /** The first invoice that this one corrects, and how many there are. */
  readonly corrected: CorrectedInvoice | null
  readonly correctedCount: number
  /** The numbers of those that it names without a KSeF number, in their order, each once, a thousand at most. */
  readonly correctedByNumber: readonly string[]
  /** The buyer wrote it in the seller's name (`P_17`). */
  readonly isSelfInvoicing: boolean
  readonly hasAttachment: boolean
}

export type HeaderForm = 'FA (2)' | 'FA (3)' | 'FA_RR (1)' | 'PEF (3)' | 'PEF_KOR (3)'

/** @property value null when the type is `None` */
export type PartyIdentifier = {
  readonly type: 'Nip' | 'VatUe' | 'InternalId' | 'Other' | 'None'
  readonly value: string | null
}

export type HeaderParty = { readonly identifier: PartyIdentifier; readonly name: string | null }

/** null: the invoice does not state it, or not as a number. */
export type HeaderTotals = {
  readonly net: string | null
  readonly vat: string | null
  readonly gross: string | null
}

export type CorrectedInvoice = { readonly number: string | null; readonly ksefNumber: string | null }

export const NOBODY: HeaderParty = { identifier: { type: 'None', value: null }, name: null }
