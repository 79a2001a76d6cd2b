import { tellLate } from '../inbox/tell-late.ts'
import { defineJob } from './define-job.ts'
import { SyncPayload } from './sync-inbox.ts'

/** Tells that a sync came to nothing for too long. */
export const notifyLateSync = defineJob({
  name: 'notify-late-sync',
  queue: 'upkeep',
  schema: SyncPayload,
  key: ({ integrationId, subjectType }) => `late-sync-${integrationId}-${subjectType.toLowerCase()}`,
  handler: ({ companyId, ...key }, context) => tellLate(context, companyId, key),
})
