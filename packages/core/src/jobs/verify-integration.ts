import { z } from 'zod'
import { addSeconds } from '../delivery/delivery-context.ts'
import { CompanyId, IntegrationId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

const AGAIN_SECONDS = 10

const Payload = z.object({ companyId: CompanyId, integrationId: IntegrationId })

/** Signs in to an integration's context and records what came of it, unless another worker is at it. */
export const verifyIntegration = defineJob({
  name: 'verify-integration',
  queue: 'upkeep',
  schema: Payload,
  key: ({ integrationId }) => `verify-${integrationId}`,
  async handler(payload, context) {
    const { companyId, integrationId } = payload
    const leaseSeconds = context.timing.openLeaseSeconds
    const isTaken = await context.db.withCompany(companyId, (tx) =>
      tx.integrations.leaseVerification(integrationId, leaseSeconds),
    )
    if (!isTaken) return
    try {
      await context.contexts.verifyIntegration(payload)
    } catch (error) {
      // Nothing was found out: whoever can makes it soon, and does not wait for the lease.
      const again = addSeconds(context.now(), AGAIN_SECONDS)
      await context.db.withCompany(companyId, (tx) => tx.integrations.setVerifyDue(integrationId, again))
      throw error
    }
  },
})
