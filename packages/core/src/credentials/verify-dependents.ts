import type { CoreDependencies } from '../dependencies.ts'
import type { Credential } from './credential.ts'

type Deps = Pick<CoreDependencies, 'db' | 'environment' | 'now'>

/** Has the integrations that do not work verified now, since a credential they may sign in with has changed. */
export async function verifyDependents(
  { db, environment, now }: Deps,
  { companyId }: Pick<Credential, 'companyId'>,
): Promise<void> {
  if (companyId === null) {
    await db.asSystem('rotate-credentials', (tx) => tx.integrations.wake(environment))
    return
  }
  await db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(environment)
    if (integration === null || integration.state === 'active') return
    await tx.integrations.setVerifyDue(integration.id, now())
  })
}
