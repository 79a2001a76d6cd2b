import {
  redeliverRange,
  rotateWebhookSecret,
  SECRET_GRACE_SECONDS_DEFAULT,
  SECRET_GRACE_SECONDS_MAX,
  testWebhook,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { NewWebhookView, viewWebhook } from '../views/webhook.ts'
import { answer, problems } from './documented.ts'
import { EventTypeView } from './event-query.ts'
import { by, namedBy, WEBHOOK_PLACES, type WebhookPlace } from './webhook-place.ts'

const tags = ['webhooks']

const SecretRotation = z
  .strictObject({
    graceSeconds: z.int().min(0).max(SECRET_GRACE_SECONDS_MAX).default(SECRET_GRACE_SECONDS_DEFAULT).meta({
      description: 'How long the old secret signs beside the new one. 0 ends it at once.',
    }),
  })
  .meta({ id: 'WebhookSecretRotation', examples: [{ graceSeconds: 3_600 }] })

const place = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

const Redelivery = z
  .strictObject({
    after: place.meta({ description: 'Strictly after this place of the log, as in the list of events.' }),
    through: place
      .default(Number.MAX_SAFE_INTEGER)
      .meta({ description: 'Up to this place; to the end when left out.' }),
    types: z.array(EventTypeView).min(1).exactOptional().meta({
      description: 'These types only; those of the webhook when left out.',
    }),
    delivered: z.boolean().default(false).meta({
      description: 'What has arrived already as well. A receiver knows it again by its id.',
    }),
  })
  .meta({ id: 'WebhookRedelivery', examples: [{ after: 120, through: 480 }] })

const RedeliveredView = z.object({
  events: z.int().meta({ description: 'How many are due now.' }),
  through: z.int().meta({
    description: 'Up to what place was looked; below `through` when there are too many for one call.',
  }),
})

/** What can be asked of one webhook: a new secret, a try, a stretch of the log once more. */
export const webhookActions =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of WEBHOOK_PLACES) await app.register(rotating(deps, place))
    for (const place of WEBHOOK_PLACES) await app.register(trying(deps, place))
    for (const place of WEBHOOK_PLACES) await app.register(redelivering(deps, place))
  }

const rotating =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      `${place.base}/:webhookId/rotate-secret`,
      {
        schema: {
          tags,
          operationId: `rotate${place.of}WebhookSecret`,
          summary: `Give a webhook, ${place.whose}, a new secret, which is in this answer only. Both sign for a grace.`,
          params: place.one,
          body: SecretRotation,
          response: { 200: answer('The webhook with its secret.', NewWebhookView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => {
        const named = { ...namedBy(request.params), ...request.body, ...by(request) }
        const { webhook, secret } = await rotateWebhookSecret(deps, named)
        return { ...viewWebhook(webhook), secret }
      },
    )
  }

const trying =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      `${place.base}/:webhookId/test`,
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: `test${place.of}Webhook`,
          summary: `Have a webhook, ${place.whose}, tried with an event of type webhook.test, which goes to it alone.`,
          params: place.one,
          response: {
            204: z.null().meta({ description: 'It is posted at once; its deliveries tell what came of it.' }),
            ...problems('NOT_FOUND', 'WEBHOOK_DISABLED'),
          },
        },
      },
      async (request, reply) => {
        await testWebhook(deps, namedBy(request.params))
        return reply.code(204).send(null)
      },
    )
  }

const redelivering =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      `${place.base}/:webhookId/redeliver`,
      {
        schema: {
          tags,
          operationId: `redeliver${place.of}Events`,
          summary: `Have a stretch of the log posted to a webhook, ${place.whose}: what is dead, and what never was.`,
          params: place.one,
          body: Redelivery,
          response: {
            202: answer('They are posted at once.', RedeliveredView),
            ...problems('NOT_FOUND', 'WEBHOOK_DISABLED'),
          },
        },
      },
      async (request, reply) => {
        const done = await redeliverRange(deps, { ...namedBy(request.params), ...request.body })
        return reply.code(202).send(done)
      },
    )
  }
