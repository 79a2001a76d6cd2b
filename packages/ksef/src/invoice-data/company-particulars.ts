/** What of a company stands on the invoices it issues: its parts of an invoice's data, kept once for all of them. */
import type * as z from 'zod'
import type { InvoiceFault } from '../documents/invoice-fault.ts'
import type { CompanyParticulars, IssuingCompany } from './completion/setting.ts'
import { buildInvoice } from './compose-invoice.ts'
import { INVOICE_EXAMPLES } from './examples.ts'
import { address, contact } from './forms/parties.ts'
import { account } from './forms/payment.ts'

export const COMPANY_PARTICULARS = {
  address: address.schema,
  contact: contact.schema,
  bankAccount: account.schema,
} as const satisfies Record<keyof CompanyParticulars, z.ZodType>

/** Where each stands in the data of an invoice. */
const PLACES: Record<keyof CompanyParticulars, string> = {
  address: '/seller/address',
  contact: '/seller/contacts/0',
  bankAccount: '/payment/accounts/0',
}

/** What the schema of invoices has against a company's particulars, tried on an invoice that is sound but for them. */
export function faultsOfParticulars(company: IssuingCompany, now: Date): InvoiceFault[] {
  const { address: own = null, ...others } = company
  const sale = { ...INVOICE_EXAMPLES.VAT, seller: {}, payment: { form: 'transfer' } }
  const built = buildInvoice(sale, { now, company: { ...others, address: own ?? { line1: 'ul. Prosta 1' } } })
  return built.ok ? [] : built.faults.flatMap(atTheParticular)
}

function atTheParticular({ xpath: _, ...fault }: InvoiceFault): InvoiceFault[] {
  const { pointer = '' } = fault
  return Object.entries(PLACES).flatMap(([name, place]) =>
    pointer.startsWith(place) ? [{ ...fault, pointer: `/${name}${pointer.slice(place.length)}` }] : [],
  )
}
