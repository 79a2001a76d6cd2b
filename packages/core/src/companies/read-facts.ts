import { chooseCredential } from '../context/choose-credential.ts'
import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, KsefEnvironment } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { CompanyFacts } from './company-facts.ts'
import { readSendBudget } from './send-budget.ts'

/** What is known of a company, from one transaction. Nothing is asked of KSeF. @throws FleetError NOT_FOUND */
export const readCompanyFacts = (
  deps: Pick<CoreDependencies, 'db' | 'environment' | 'now'>,
  companyId: CompanyId,
): Promise<CompanyFacts> =>
  deps.db.withCompany(companyId, async (tx) => {
    const company = await tx.companies.get()
    if (company === null) throw new FleetError('NOT_FOUND')
    const { environment } = deps
    const now = deps.now()
    const integration = await integrationOf(tx, environment)
    const nipProof = integration?.nipProof ?? null
    const context = integration?.context ?? { type: 'Nip' as const, value: company.nip }
    return {
      now,
      company,
      integration,
      credentials: chooseCredential(
        await tx.credentials.usable(environment),
        { companyId, context, nipProof },
        now,
      ),
      own: await ownCredentials(tx, environment),
      waiting: await tx.submissions.waiting(environment),
      budget: await readSendBudget(tx, environment),
    }
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

async function ownCredentials(
  tx: CompanyTransaction,
  environment: KsefEnvironment,
): Promise<CompanyFacts['own']> {
  const found: CompanyFacts['own'][number][] = []
  for (const credential of await tx.credentials.list()) {
    if (credential.environment !== environment || credential.state === 'ended') continue
    found.push({ credential, versions: await tx.credentials.versions(credential.id) })
  }
  return found
}
