import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import { dataFault } from '../data-faults.ts'
import type { FaData } from '../forms/fa.ts'
import type { Address, Contact } from '../forms/parties.ts'
import { isCorrection } from './correction.ts'
import type { CompletionSetting, IssuingCompany } from './setting.ts'

type Party = { nip?: string; name?: string; address?: Address; contacts?: Contact[] }

/** The company's own NIP, name, address and contact, where the data leaves them out and names nobody else. */
export function asCompany<P extends Party>(
  given: P | undefined,
  { company }: CompletionSetting,
): (P & Party) | undefined {
  if (company === undefined || (given?.nip ?? company.nip) !== company.nip) return given
  const { nip, name, address, contact } = company
  const own: Party = {
    ...{ nip, name },
    ...(isKnown(address) ? { address } : {}),
    ...(isKnown(contact) ? { contacts: [contact] } : {}),
  }
  return { ...own, ...given } as P & Party
}

/**
 * What a party with a NIP cannot go without.
 *
 * @param company the party's own particulars when the data leaves them out
 */
export function missingOf(
  party: Party | undefined,
  pointer: string,
  company?: IssuingCompany,
): InvoiceFault[] {
  const names = ['nip', 'name', 'address'] as const
  return names
    .filter((name) => party?.[name] === undefined)
    .map((name) => dataFault('INVOICE_FIELD_MISSING', `${pointer}/${name}`, lackOf(name, company)))
}

const lackOf = (name: string, company: IssuingCompany | undefined): string | undefined =>
  company === undefined
    ? undefined
    : `Neither the invoice nor the company has it: give \`${name}\` here, or set it on the company for all its invoices.`

const isKnown = <Particular>(particular: Particular | null | undefined): particular is Particular =>
  particular !== null && particular !== undefined

/**
 * Where to pay: the seller's own account, when the invoice is to be paid by transfer and names none. What a correction gives
 * back goes elsewhere.
 */
export function withAccount(data: FaData, { company }: CompletionSetting): FaData {
  const { payment } = data
  const account = company?.bankAccount
  if (!isKnown(account) || data.seller?.nip !== company?.nip || isCorrection(data)) return data
  if (payment?.form !== 'transfer') return data
  if (payment.accounts !== undefined || payment.factorAccounts !== undefined) return data
  return { ...data, payment: { ...payment, accounts: [account] } }
}

type Identified = {
  nip?: string
  euVatId?: string
  otherId?: unknown
  internalId?: string
  withoutId?: boolean
}

/** Whoever has no number of any kind says so. */
export function identified<P extends Identified>(party: P): P {
  const has = [party.nip, party.euVatId, party.otherId, party.internalId].some((id) => id !== undefined)
  return has ? party : { ...party, withoutId: true }
}
