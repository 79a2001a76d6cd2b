import type { Company } from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment } from './page.ts'

export const CompanyView = z
  .object({
    id: z.uuid(),
    nip: z.string(),
    name: z.string(),
    createdAt: Moment,
    links: z.object({ self: z.string(), integrations: z.string(), invoices: z.string() }),
  })
  .meta({ id: 'Company', description: 'A company the provider serves.' })

export const companyLocation = (companyId: string): string => `/v1/companies/${companyId}`

export function viewCompany(company: Company): z.infer<typeof CompanyView> {
  const self = companyLocation(company.id)
  return {
    id: company.id,
    nip: company.nip,
    name: company.name,
    createdAt: company.createdAt.toISOString(),
    links: { self, integrations: `${self}/integrations`, invoices: `${self}/invoices` },
  }
}
