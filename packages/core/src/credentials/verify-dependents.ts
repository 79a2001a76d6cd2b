import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Credential } from './credential.ts'

const PAGE = 500

/**
 * Has the integrations that do not work verified now, since a credential they may sign in with has changed. After a kill
 * amid many companies the rest is verified by its own daily timer.
 */
export async function verifyDependents(context: DeliveryContext, { companyId }: Credential): Promise<void> {
  if (companyId !== null) return verifyCompany(context, companyId)
  let after: CompanyId | undefined
  for (;;) {
    const page = await context.db.asSystem('rotate-credentials', (tx) =>
      tx.companies.list({ limit: PAGE, ...(after === undefined ? {} : { after }) }),
    )
    for (const { id } of page) await verifyCompany(context, id)
    after = page.at(-1)?.id
    if (page.length < PAGE || after === undefined) return
  }
}

const verifyCompany = ({ db, environment, now }: DeliveryContext, companyId: CompanyId): Promise<void> =>
  db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(environment)
    if (integration === null || integration.state === 'active') return
    await tx.integrations.setVerifyDue(integration.id, now())
  })
