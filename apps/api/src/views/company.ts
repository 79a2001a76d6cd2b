import type { Company } from '@ksef-fleet/core'
import { COMPANY_PARTICULARS } from '@ksef-fleet/ksef'
import { z } from 'zod'
import { Moment } from './page.ts'

const { address, contact, bankAccount } = COMPANY_PARTICULARS

/** What stands on its invoices made of JSON, where that says nothing. */
const ParticularsView = {
  address: address.nullable(),
  contact: contact.nullable(),
  bankAccount: bankAccount.nullable(),
}

export const CompanyView = z
  .object({
    id: z.uuid(),
    nip: z.string(),
    name: z.string(),
    nipShared: z.boolean().meta({
      description: 'An administrator let it name a NIP that another company has too.',
    }),
    ...ParticularsView,
    createdAt: Moment,
    links: z.object({
      self: z.string(),
      status: z.string(),
      doctor: z.string(),
      permissions: z.string(),
      integrations: z.string(),
      credentials: z.string(),
      invoices: z.string(),
      batches: z.string(),
      documents: z.string(),
      audit: z.string(),
    }),
  })
  .meta({ id: 'Company', description: 'A company the provider serves.' })

export const companyLocation = (companyId: string): string => `/v1/companies/${companyId}`

export function viewCompany(company: Company): z.infer<typeof CompanyView> {
  const self = companyLocation(company.id)
  return {
    id: company.id,
    nip: company.nip,
    name: company.name,
    nipShared: company.nipShared,
    address: company.address,
    contact: company.contact,
    bankAccount: company.bankAccount,
    createdAt: company.createdAt.toISOString(),
    links: {
      self,
      status: `${self}/status`,
      doctor: `${self}/doctor`,
      permissions: `${self}/permissions`,
      integrations: `${self}/integrations`,
      credentials: `${self}/credentials`,
      invoices: `${self}/invoices`,
      batches: `${self}/batches`,
      documents: `${self}/documents`,
      audit: `${self}/audit`,
    },
  }
}
