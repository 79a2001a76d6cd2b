import { z } from 'zod'
import { CompanyId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId })

/**
 * Erases a company's access tokens from Redis and has every worker forget them. Should the ring be lost with Redis, so are
 * the tokens in it; what a worker still knows is asked for by nobody, since the integration is revoked.
 */
export const clearTokens = defineJob({
  name: 'clear-tokens',
  queue: 'upkeep',
  schema: Payload,
  key: ({ companyId }) => `clear-tokens-${companyId}`,
  handler: ({ companyId }, context) => context.contexts.clearTokenCache(companyId),
})
