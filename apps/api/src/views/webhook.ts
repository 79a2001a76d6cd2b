import {
  eventIdOf,
  WEBHOOK_DELIVERY_STATES,
  type Webhook,
  type WebhookAttempt,
  type WebhookDelivery,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment, momentOf } from './page.ts'

export const WebhookView = z
  .object({
    id: z.uuid(),
    companyId: z
      .uuid()
      .nullable()
      .meta({ description: "Null for the provider's, which hears of every company." }),
    url: z.string(),
    name: z.string(),
    types: z.array(z.string()).nullable().meta({ description: 'Null: events of every type.' }),
    ordered: z.boolean().meta({
      description: "Each company's events one after the other: one that fails holds up those behind it.",
    }),
    enabled: z.boolean(),
    disabledCode: z.string().nullable().meta({ description: 'Why the fleet disabled it.' }),
    disabledAt: Moment.nullable().meta({ description: 'Since then nothing is delivered to it.' }),
    failingSince: Moment.nullable().meta({ description: 'Since then nothing has arrived.' }),
    secrets: z
      .array(z.object({ until: Moment.nullable() }))
      .meta({ description: 'How many sign, and until when; the present one has no end.' }),
    createdAt: Moment,
  })
  .meta({ id: 'Webhook', description: 'Where events are posted to, by the Standard Webhooks specification.' })

export const viewWebhook = (webhook: Webhook): z.infer<typeof WebhookView> => ({
  id: webhook.id,
  companyId: webhook.companyId,
  url: webhook.url,
  name: webhook.name,
  types: webhook.types === null ? null : [...webhook.types],
  ordered: webhook.ordered,
  enabled: webhook.state === 'enabled',
  disabledCode: webhook.disabledCode,
  disabledAt: momentOf(webhook.disabledAt),
  failingSince: momentOf(webhook.failingSince),
  secrets: webhook.secrets.map(({ until }) => ({ until })),
  createdAt: webhook.createdAt.toISOString(),
})

export const NewWebhookView = WebhookView.extend({
  secret: z.string().meta({
    description: 'By which the receiver verifies messages. In this answer only.',
    examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  }),
}).meta({ id: 'NewWebhook' })

export const WebhookDeliveryState = z.enum(WEBHOOK_DELIVERY_STATES)

export const WebhookDeliveryView = z
  .object({
    eventId: z.string(),
    type: z.string(),
    companyId: z.uuid().nullable(),
    timestamp: Moment.meta({ description: 'Of the event.' }),
    state: WebhookDeliveryState.meta({
      description:
        '`dead`: it did not arrive, as often as it was tried, or was given up; it goes again when you ask for it.',
    }),
    attempts: z.int(),
    nextAttemptAt: Moment.nullable(),
    status: z.int().nullable().meta({ description: 'HTTP status of the last attempt.' }),
    code: z.string().nullable().meta({ description: 'Why the last attempt failed, or why it was given up.' }),
    endedAt: Moment.nullable(),
  })
  .meta({ id: 'WebhookDelivery', description: 'An event on its way to a webhook.' })

export const viewDelivery = (delivery: WebhookDelivery): z.infer<typeof WebhookDeliveryView> => ({
  eventId: eventIdOf(delivery.event),
  type: delivery.event.type,
  companyId: delivery.event.companyId,
  timestamp: delivery.event.at.toISOString(),
  state: delivery.state,
  attempts: delivery.attempts,
  nextAttemptAt: momentOf(delivery.nextAttemptAt),
  status: delivery.status,
  code: delivery.code,
  endedAt: momentOf(delivery.endedAt),
})

export const WebhookAttemptView = z
  .object({
    number: z.int(),
    at: Moment,
    durationMs: z.int(),
    status: z.int().nullable(),
    code: z.string().nullable(),
    answer: z.string().nullable().meta({ description: 'How the body of the answer began.' }),
  })
  .meta({ id: 'WebhookAttempt' })

export const viewAttempt = (attempt: WebhookAttempt): z.infer<typeof WebhookAttemptView> => ({
  number: attempt.number,
  at: attempt.at.toISOString(),
  durationMs: attempt.durationMs,
  status: attempt.status,
  code: attempt.code,
  answer: attempt.answer,
})
