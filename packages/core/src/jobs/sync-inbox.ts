import { z } from 'zod'
import { CompanyId, IntegrationId } from '../identifiers.ts'
import { runSync } from '../inbox/run-sync.ts'
import { SUBJECT_TYPES } from '../inbox/sync-state.ts'
import { defineJob } from './define-job.ts'

export const SyncPayload = z.object({
  companyId: CompanyId,
  integrationId: IntegrationId,
  subjectType: z.enum(SUBJECT_TYPES),
})

/** Takes the next step of receiving a company's invoices in one role. */
export const syncInbox = defineJob({
  name: 'sync-inbox',
  queue: 'sync',
  schema: SyncPayload,
  key: ({ integrationId, subjectType }) => `sync-${integrationId}-${subjectType.toLowerCase()}`,
  handler: ({ companyId, ...key }, context) => runSync(context, companyId, key),
})
