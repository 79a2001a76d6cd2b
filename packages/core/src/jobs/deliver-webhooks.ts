import { z } from 'zod'
import { CompanyId, WebhookId } from '../identifiers.ts'
import { deliverTo } from '../webhooks/deliver-to.ts'
import { defineJob } from './define-job.ts'

/** Empty: the provider's webhook. */
const Payload = z.object({ companyId: z.union([CompanyId, z.literal('')]), webhookId: WebhookId })

/** Posts what is due at a webhook. */
export const deliverWebhooks = defineJob({
  name: 'deliver-webhooks',
  queue: 'deliver',
  schema: Payload,
  key: ({ webhookId }) => `deliver-${webhookId}`,
  handler: ({ companyId, webhookId }, context) =>
    deliverTo(context, { owner: companyId === '' ? null : companyId, webhookId }),
})
