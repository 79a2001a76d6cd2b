import { z } from 'zod'
import { CompanyId, IntegrationId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId, integrationId: IntegrationId })

/** Signs in to an integration's context and records what came of it. */
export const verifyIntegration = defineJob({
  name: 'verify-integration',
  queue: 'upkeep',
  schema: Payload,
  key: ({ integrationId }) => `verify-${integrationId}`,
  async handler(payload, context) {
    await context.contexts.verifyIntegration(payload)
  },
})
