import type { CompanyId, Nip } from '../identifiers.ts'

/** A company the provider serves: the tenant. Nothing of one company is visible to another. */
export type Company = {
  id: CompanyId
  nip: Nip
  name: string
  /** An administrator let it name a NIP that another company has too. */
  nipShared: boolean
  createdAt: Date
}
