/** Credentials have two owners, and their routes the same form under each: the provider's list, and a company's. */
import type { CompanyId, CredentialId, CredentialPurpose, SuppliedCredential } from '@ksef-fleet/core'
import { z } from 'zod'
import { CompanyPath, CredentialPath, ProviderCredentialPath } from '../company-door.ts'
import { NewCompanyCredential, NewProviderCredential } from './supplied-credential.ts'

export type CredentialPlace = {
  base: string
  /** Begins the ids of its operations. */
  of: 'Provider' | 'Company'
  whose: string
  list: z.ZodType<{ companyId?: CompanyId }>
  one: z.ZodType<{ companyId?: CompanyId; credentialId: CredentialId }>
  body: z.ZodType<{
    name: string
    autoRenew: boolean
    credential: SuppliedCredential
    purpose?: CredentialPurpose
  }>
}

export const CREDENTIAL_PLACES: readonly CredentialPlace[] = [
  {
    base: '/credentials',
    of: 'Provider',
    whose: "the provider's",
    list: z.object({}),
    one: ProviderCredentialPath,
    body: NewProviderCredential,
  },
  {
    base: '/companies/:companyId/credentials',
    of: 'Company',
    whose: "a company's own",
    list: CompanyPath,
    one: CredentialPath,
    body: NewCompanyCredential,
  },
]
