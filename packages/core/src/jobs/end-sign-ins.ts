import { z } from 'zod'
import { leaveCompanyContext } from '../credentials/leave-company-context.ts'
import { CompanyId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId })

/**
 * Ends the provider's sign-ins in the context of a company that left. Should the ring be lost with Redis, they end by
 * themselves within seven days; their refresh tokens are erased at once (`clear-tokens`).
 */
export const endSignIns = defineJob({
  name: 'end-sign-ins',
  queue: 'upkeep',
  schema: Payload,
  key: ({ companyId }) => `end-sign-ins-${companyId}`,
  handler: ({ companyId }, context) => leaveCompanyContext(context, companyId),
})
