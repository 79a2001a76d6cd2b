/** Webhooks have two owners, and their routes the same form under each: the provider's, and a company's. */
import { actorOf, type CompanyId, type WebhookId, type WebhookOwner } from '@ksef-fleet/core'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { CompanyPath, ProviderWebhookPath, WebhookPath } from '../company-door.ts'
import { callerOf } from '../request-context.ts'

const EventIdInPath = z.string().regex(/^evt_(provider|[0-9a-f-]{36})_[1-9][0-9]{0,14}$/)

export type WebhookPlace = {
  base: string
  /** Begins the ids of its operations. */
  of: 'Provider' | 'Company'
  whose: string
  list: z.ZodType<{ companyId?: CompanyId }>
  one: z.ZodType<{ companyId?: CompanyId; webhookId: WebhookId }>
  delivery: z.ZodType<{ companyId?: CompanyId; webhookId: WebhookId; eventId: string }>
}

export const WEBHOOK_PLACES: readonly WebhookPlace[] = [
  {
    base: '/webhooks',
    of: 'Provider',
    whose: "the provider's, which hears of every company",
    list: z.object({}),
    one: ProviderWebhookPath,
    delivery: ProviderWebhookPath.extend({ eventId: EventIdInPath }),
  },
  {
    base: '/companies/:companyId/webhooks',
    of: 'Company',
    whose: "a company's own",
    list: CompanyPath,
    one: WebhookPath,
    delivery: WebhookPath.extend({ eventId: EventIdInPath }),
  },
]

export const ownerIn = ({ companyId }: { companyId?: CompanyId }): WebhookOwner => companyId ?? null

export const namedBy = (params: { companyId?: CompanyId; webhookId: WebhookId }) => ({
  owner: ownerIn(params),
  webhookId: params.webhookId,
})

export const by = (request: FastifyRequest) => ({ actor: actorOf(callerOf(request)), requestId: request.id })
