import type { InvoiceFault } from '../../documents/invoice-fault.ts'
import type { Address, Contact } from '../forms/parties.ts'
import type { BankAccount } from '../forms/payment.ts'

/** What stands of the company on its invoices where their data leaves it out; null: nothing is known. */
export type CompanyParticulars = {
  readonly address?: Address | null
  readonly contact?: Contact | null
  /** Where it is paid by transfer. */
  readonly bankAccount?: BankAccount | null
}

/** The company that issues the invoice: the seller, or the buyer who invoices itself or buys from a farmer. */
export type IssuingCompany = CompanyParticulars & { readonly nip: string; readonly name: string }

export type CompletionSetting = {
  /** When the document is made. */
  readonly now: Date
  /** Null: the data names everyone itself. */
  readonly company?: IssuingCompany
  /** The program that makes it (SystemInfo). */
  readonly systemInfo?: string
}

/** The data with everything that is worked out, and what is wrong with it. */
export type Completed<Data> = { readonly data: Data; readonly faults: readonly InvoiceFault[] }

/** `DataWytworzeniaFa`: to the second. */
export const momentText = (now: Date): string => now.toISOString().replace(/\.\d+Z$/, 'Z')
