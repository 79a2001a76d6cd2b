import { readBudgetScope } from '../budget/read-standing.ts'
import { chooseCredential } from '../context/choose-credential.ts'
import type { CredentialStore } from '../credentials/credential-store.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, KsefEnvironment } from '../identifiers.ts'
import type { Integration } from '../integrations/integration.ts'
import { chooseOfflineCertificate } from '../offline/offline-certificate.ts'
import { readOfflineFacts } from '../offline/offline-settings.ts'
import type { CompanyTransaction } from '../stores.ts'
import { readCompanyBudget } from './company-budget.ts'
import type { CompanyFacts } from './company-facts.ts'

type Deps = Parameters<typeof readCompanyBudget>[0] & Pick<CoreDependencies, 'offlineAutomatic'>

/** What is known of a company. Nothing is asked of KSeF. @throws FleetError NOT_FOUND */
export async function readCompanyFacts(deps: Deps, companyId: CompanyId): Promise<CompanyFacts> {
  const { limits, ...facts } = await deps.db.withCompany(companyId, (tx) => readRows(deps, tx, companyId))
  const { integration } = facts
  const budget =
    integration === null || limits === null ? null : await readCompanyBudget(deps, integration, limits)
  return { ...facts, budget }
}

async function readRows(deps: Deps, tx: CompanyTransaction, companyId: CompanyId) {
  const { environment, now } = deps
  const company = await tx.companies.get()
  if (company === null) throw new FleetError('NOT_FOUND')
  const present = now()
  const integration = await integrationOf(tx, environment)
  const nipProof = integration?.nipProof ?? null
  const context = integration?.context ?? { type: 'Nip' as const, value: company.nip }
  const usable = await tx.credentials.usable(environment)
  return {
    now: present,
    company,
    integration,
    credentials: chooseCredential(usable, { companyId, context, nipProof }, present),
    own: await ownCredentials(tx, environment),
    waiting: await tx.submissions.waiting(environment),
    offline: {
      ...(await readOfflineFacts(deps, tx)),
      canSignCodes: (await chooseOfflineCertificate(deps, tx)) !== null,
    },
    syncs: (await tx.inbox.states(environment)).filter((one) => one.integrationId === integration?.id),
    webhooks: await tx.webhooks.list(),
    limits: integration === null ? null : await limitsOf(tx, integration),
  }
}

const limitsOf = async (tx: CompanyTransaction, integration: Integration) => ({
  scope: await readBudgetScope(tx, integration),
  limitsReadAt: (await tx.limits.get(integration.id)).readAt,
})

async function integrationOf(
  tx: CompanyTransaction,
  environment: KsefEnvironment,
): Promise<CompanyFacts['integration']> {
  const current = await tx.integrations.current(environment)
  if (current !== null) return current
  const ended = (await tx.integrations.list()).filter((one) => one.environment === environment)
  return ended.reduce<CompanyFacts['integration']>(
    (last, one) => (last === null || one.createdAt > last.createdAt ? one : last),
    null,
  )
}

/** The owner's credentials that have not ended, with all their versions. */
export async function ownCredentials(
  tx: { credentials: Pick<CredentialStore, 'list' | 'versions'> },
  environment: KsefEnvironment,
): Promise<CompanyFacts['own']> {
  const found: CompanyFacts['own'][number][] = []
  for (const credential of await tx.credentials.list()) {
    if (credential.environment !== environment || credential.state === 'ended') continue
    found.push({ credential, versions: await tx.credentials.versions(credential.id) })
  }
  return found
}
