import { decimalOf } from './decimal.ts'
import { childOf, contentOf, currencyOf, dayOf, type Element, textOf } from './elements.ts'
import { type HeaderForm, type HeaderParty, type InvoiceHeader, NOBODY } from './invoice-header.ts'
import type { ParsedElement } from './parsed-element.ts'

/** PEF documents are those of UBL 2.1: an invoice, and as its correction a credit note. */
const FORMS: { readonly [namespace: string]: { root: string; form: HeaderForm; kind: string } } = {
  'urn:oasis:names:specification:ubl:schema:xsd:Invoice-2': {
    root: 'Invoice',
    form: 'PEF (3)',
    kind: 'VAT_PEF',
  },
  'urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2': {
    root: 'CreditNote',
    form: 'PEF_KOR (3)',
    kind: 'KOR_PEF',
  },
}

/** null: the root is not one of theirs. */
export function ublHeader(root: ParsedElement): InvoiceHeader | null {
  const found = Object.hasOwn(FORMS, root.namespaceUri) ? FORMS[root.namespaceUri] : undefined
  if (found === undefined || found.root !== root.name) return null
  const currency = currencyOf(textOf(root, 'DocumentCurrencyCode'))
  const reference = childOf(root, 'BillingReference', 'InvoiceDocumentReference')
  const correctedNumber = textOf(reference, 'ID')
  return {
    form: found.form,
    kind: found.kind,
    number: textOf(root, 'ID'),
    issueDate: dayOf(textOf(root, 'IssueDate')),
    saleDate: dayOf(textOf(root, 'TaxPointDate') ?? textOf(root, 'Delivery', 'ActualDeliveryDate')),
    seller: partyOf(childOf(root, 'AccountingSupplierParty', 'Party')),
    buyer: partyOf(childOf(root, 'AccountingCustomerParty', 'Party')),
    thirdParties: [],
    authorized: null,
    currency,
    totals: {
      net: decimalOf(textOf(root, 'LegalMonetaryTotal', 'TaxExclusiveAmount')),
      vat: decimalOf(taxOf(root, currency)),
      gross: decimalOf(textOf(root, 'LegalMonetaryTotal', 'TaxInclusiveAmount')),
    },
    corrected: reference === null ? null : { number: correctedNumber, ksefNumber: null },
    correctedCount: reference === null ? 0 : 1,
    correctedByNumber: correctedNumber === null ? [] : [correctedNumber],
    isSelfInvoicing: false,
    hasAttachment: childOf(root, 'AdditionalDocumentReference', 'Attachment') !== null,
  }
}

/** The tax may be given twice, in the invoice's currency and in that of the tax office. */
function taxOf(root: ParsedElement, currency: string | null): string | null {
  let first: string | null = null
  for (const total of root.children) {
    const amount =
      total.name === 'TaxTotal' ? total.children.find(({ name }) => name === 'TaxAmount') : undefined
    if (amount === undefined) continue
    const text = contentOf(amount)
    if (amount.attribute('currencyID') === currency) return text
    first ??= text
  }
  return first
}

function partyOf(party: Element | null): HeaderParty {
  const name = textOf(party, 'PartyLegalEntity', 'RegistrationName') ?? textOf(party, 'PartyName', 'Name')
  const tax = textOf(party, 'PartyTaxScheme', 'CompanyID')
  if (tax !== null) {
    const nip = /^(?:PL)?[ -]?(\d{10})$/.exec(tax.replace(/(?<=\d)[ -](?=\d)/g, ''))?.[1]
    if (nip !== undefined) return { identifier: { type: 'Nip', value: nip }, name }
    return { identifier: { type: /^[A-Z]{2}/.test(tax) ? 'VatUe' : 'Other', value: tax }, name }
  }
  const other = textOf(party, 'PartyLegalEntity', 'CompanyID') ?? textOf(party, 'PartyIdentification', 'ID')
  return { identifier: other === null ? NOBODY.identifier : { type: 'Other', value: other }, name }
}
