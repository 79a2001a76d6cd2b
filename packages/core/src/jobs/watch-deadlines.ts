import { z } from 'zod'
import { CompanyId } from '../identifiers.ts'
import { watchDeadlines as watch } from '../offline/watch-deadlines.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId })

/** Works out deadlines of a company's offline invoices anew where outages changed, and tells of those that come near. */
export const watchDeadlines = defineJob({
  name: 'watch-deadlines',
  queue: 'upkeep',
  schema: Payload,
  key: ({ companyId }) => `deadlines-${companyId}`,
  handler: ({ companyId }, context) => watch(context, companyId),
})
