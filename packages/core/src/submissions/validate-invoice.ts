import type { InvoiceFacts, IssuingCompany } from '@ksef-fleet/ksef'
import type { InvoiceCheck, InvoiceFinding } from '@ksef-fleet/ksef/rules'
import { readCompany } from '../companies/read-companies.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { type Fault, FleetError } from '../errors.ts'
import type { CompanyId, SubmissionId } from '../identifiers.ts'
import type { CompanyReads } from '../stores.ts'
import { type InvoiceForm, issuerFault } from './new-submission.ts'

export type ValidateDependencies = Pick<CoreDependencies, 'db' | 'environment'> & {
  /** `checkInvoice`, or `checkInvoiceData` for a company, of packages/ksef, wherever the caller lets it run. */
  check: (document: Uint8Array, company: IssuingCompany | null) => Promise<InvoiceCheck>
}

/** A finding; `existingId` is the invoice that holds the number already. */
export type ValidationFinding = InvoiceFinding & { readonly existingId?: SubmissionId }

/** `valid`: there is no error; warnings there may be. */
export type Validation = { readonly valid: boolean; readonly findings: readonly ValidationFinding[] }

/**
 * Everything there is to say about an invoice before it is sent: what the document itself breaks, whether the company
 * issues it, and whether its number is taken by an invoice of the company's that was not rejected. Nothing is stored, and the
 * company needs no integration.
 *
 * @throws FleetError NOT_FOUND when the company does not exist
 */
export async function validateInvoice(
  deps: ValidateDependencies,
  { companyId, document, form }: { companyId: CompanyId; document: Uint8Array; form: InvoiceForm },
): Promise<Validation> {
  const company = form === 'xml' ? null : await readCompany(deps, companyId)
  const { facts, findings } = await deps.check(document, company)
  const ofCompany = await deps.db.readCompany(companyId, (reads) =>
    findingsOfCompany(deps, reads, { facts, form }),
  )
  const all = [...ofCompany, ...findings]
  return { valid: all.every(({ severity }) => severity !== 'error'), findings: all }
}

async function findingsOfCompany(
  { environment }: ValidateDependencies,
  reads: CompanyReads,
  { facts, form }: { facts: InvoiceFacts | null; form: InvoiceForm },
): Promise<readonly ValidationFinding[]> {
  const company = await reads.companies.get()
  if (company === null) throw new FleetError('NOT_FOUND')
  if (facts === null) return []
  const { sellerNip, kind, number } = facts
  const foreign = issuerFault(facts, { nip: company.nip, form })
  if (foreign !== null) return [issuerFinding(facts, company.nip, foreign)]
  const existing = await reads.submissions.findByNumber({ environment, sellerNip, kind, number })
  return existing === null ? [] : [duplicateFinding(facts, existing.id, form)]
}

const issuerFinding = (
  { sellerNip, buyerNip, issuedByBuyer }: InvoiceFacts,
  companyNip: string,
  { xpath, pointer }: Fault,
): ValidationFinding => ({
  code: 'INVOICE_SELLER_MISMATCH',
  severity: 'error',
  ksefRefuses: true,
  message: issuedByBuyer
    ? {
        pl: `Fakturę wystawia nabywca ${buyerNip ?? '(bez NIP)'}, a firma, dla której ją sprawdzono, ma NIP ${companyNip}.`,
        en: `The buyer ${buyerNip ?? '(without a NIP)'} issues it, while the company it was validated for has the NIP ${companyNip}.`,
      }
    : {
        pl: `Sprzedawcą jest ${sellerNip}, a firma, dla której sprawdzono fakturę, ma NIP ${companyNip}.`,
        en: `The seller is ${sellerNip}, while the company it was validated for has the NIP ${companyNip}.`,
      },
  help: {
    pl: 'Wyślij fakturę w imieniu firmy, która ją wystawia.',
    en: 'Post it for the company that issues it.',
  },
  source: 'KSeF, „Weryfikacja faktury”: wymagania dotyczące uprawnień',
  ...(xpath === undefined ? {} : { xpath }),
  ...(pointer === undefined ? {} : { pointer }),
})

const duplicateFinding = (
  { kind, number }: InvoiceFacts,
  existingId: SubmissionId,
  form: InvoiceForm,
): ValidationFinding => ({
  code: 'INVOICE_DUPLICATE',
  severity: 'error',
  ksefRefuses: true,
  message: {
    pl: `Faktura rodzaju ${kind} o numerze ${number} już tu jest.`,
    en: `An invoice of kind ${kind} and number ${number} is here already.`,
  },
  help: {
    pl: 'Nadaj inny numer albo nie wysyłaj jej drugi raz.',
    en: 'Give it another number, or do not send it a second time.',
  },
  source: 'KSeF, „Weryfikacja faktury”: unikalność faktury; art. 106e ust. 1 pkt 2',
  xpath: '/Faktura/Fa/P_2',
  ...(form === 'json' ? { pointer: '/number' } : {}),
  existingId,
})
