import type { CompanyFacts } from '../companies/company-facts.ts'
import { ownCredentials } from '../companies/read-facts.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { believedSince } from '../offline/availability.ts'

/** What is known of the provider's own things, which serve every company. */
export type ProviderFacts = Pick<CompanyFacts, 'now'> & {
  /** Those that have not ended, with all their versions. */
  credentials: CompanyFacts['own']
  webhooks: CompanyFacts['webhooks']
  /** Whether KSeF can be reached, and what is done with invoices while it cannot. */
  offline: Pick<CompanyFacts['offline'], 'availability' | 'since' | 'automatic'>
}

type Deps = Pick<CoreDependencies, 'db' | 'now' | 'environment' | 'offlineAutomatic'>

/** Nothing is asked of KSeF, nor of a receiver. */
export const readProviderFacts = ({ db, now, environment, offlineAutomatic }: Deps): Promise<ProviderFacts> =>
  db.asSystem('diagnose-provider', async (tx) => {
    const present = now()
    return {
      now: present,
      credentials: await ownCredentials(tx, environment),
      webhooks: await tx.webhooks.list(),
      offline: {
        ...believedSince(await tx.availability.get(environment), present),
        automatic: offlineAutomatic ?? true,
      },
    }
  })
