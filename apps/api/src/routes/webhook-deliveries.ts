import {
  FleetError,
  listWebhookDeliveries,
  readEventId,
  readWebhookDelivery,
  redeliverEvent,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import {
  viewAttempt,
  viewDelivery,
  WebhookAttemptView,
  WebhookDeliveryState,
  WebhookDeliveryView,
} from '../views/webhook.ts'
import { answer, problems } from './documented.ts'
import { namedBy, WEBHOOK_PLACES, type WebhookPlace } from './webhook-place.ts'

const tags = ['webhooks']

const DeliveryPage = z.object({ deliveries: z.array(WebhookDeliveryView), nextCursor: NextCursor })

const WithAttempts = WebhookDeliveryView.extend({ tried: z.array(WebhookAttemptView) }).meta({
  id: 'WebhookDeliveryWithAttempts',
})

/** What is on its way to a webhook, and what became of it. */
export const webhookDeliveries =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of WEBHOOK_PLACES) await app.register(reading(deps, place))
    for (const place of WEBHOOK_PLACES) await app.register(redelivering(deps, place))
  }

const reading =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      `${place.base}/:webhookId/deliveries`,
      {
        schema: {
          tags,
          operationId: `list${place.of}WebhookDeliveries`,
          summary: `What is on its way to a webhook, ${place.whose}, and what became of it, newest event first.`,
          params: place.one,
          querystring: PageQuery.extend({ state: WebhookDeliveryState.exactOptional() }),
          response: { 200: answer('A page.', DeliveryPage), ...problems('NOT_FOUND', 'CURSOR_INVALID') },
        },
      },
      async ({ params, query }) => {
        const page = await listWebhookDeliveries(deps, { ...namedBy(params), ...query })
        return { deliveries: page.deliveries.map(viewDelivery), nextCursor: page.nextCursor }
      },
    )

    app.get(
      `${place.base}/:webhookId/deliveries/:eventId`,
      {
        schema: {
          tags,
          operationId: `read${place.of}WebhookDelivery`,
          summary: `One event on its way to a webhook, ${place.whose}, with every attempt and how the receiver answered.`,
          params: place.delivery,
          response: { 200: answer('The delivery.', WithAttempts), ...problems('NOT_FOUND') },
        },
      },
      async ({ params }) => {
        const named = { ...namedBy(params), event: eventIn(params) }
        const { delivery, attempts } = await readWebhookDelivery(deps, named)
        return { ...viewDelivery(delivery), tried: attempts.map(viewAttempt) }
      },
    )
  }

const redelivering =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      `${place.base}/:webhookId/deliveries/:eventId/redeliver`,
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: `redeliver${place.of}Event`,
          summary: `Have one event posted to a webhook, ${place.whose}, again, whether it has arrived or not.`,
          params: place.delivery,
          response: {
            204: z.null().meta({ description: 'It is posted at once.' }),
            ...problems('NOT_FOUND', 'WEBHOOK_DISABLED'),
          },
        },
      },
      async ({ params }, reply) => {
        await redeliverEvent(deps, { ...namedBy(params), event: eventIn(params) })
        return reply.code(204).send(null)
      },
    )
  }

function eventIn({ eventId }: { eventId: string }) {
  const event = readEventId(eventId)
  if (event === null) throw new FleetError('NOT_FOUND')
  return event
}
