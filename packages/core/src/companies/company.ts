import type { CompanyParticulars } from '@ksef-fleet/ksef'
import type { CompanyId, Nip } from '../identifiers.ts'

/** What stands on a company's invoices made of JSON, where that says nothing; null: nothing is known. */
export type Particulars = Required<CompanyParticulars>

/** A company the provider serves: the tenant. Nothing of one company is visible to another. */
export type Company = Particulars & {
  id: CompanyId
  nip: Nip
  name: string
  /** An administrator let it name a NIP that another company has too. */
  nipShared: boolean
  createdAt: Date
}
