import {
  changeWebhook,
  createWebhook,
  listWebhooks,
  readWebhook,
  removeWebhook,
  URL_CHARACTERS_MAX,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { NewWebhookView, viewWebhook, WebhookView } from '../views/webhook.ts'
import { answer, problems } from './documented.ts'
import { EventTypeView } from './event-query.ts'
import { Name } from './name.ts'
import { by, namedBy, ownerIn, WEBHOOK_PLACES, type WebhookPlace } from './webhook-place.ts'

const tags = ['webhooks']

const url = z.string().min(1).max(URL_CHARACTERS_MAX).meta({ description: 'https, on a public host.' })
const types = z
  .array(EventTypeView)
  .min(1)
  .nullable()
  .meta({ description: 'Events of these types only; null for all, those that come later too.' })
const ordered = z.boolean().meta({
  description: "Each company's events strictly in order: one that fails holds up those behind it.",
})

const NewWebhook = z
  .strictObject({
    url,
    name: Name.default('webhook'),
    types: types.default(null),
    ordered: ordered.default(false),
  })
  .meta({
    id: 'NewWebhookRequest',
    examples: [{ url: 'https://erp.example/ksef', types: ['invoice.registered', 'invoice.rejected'] }],
  })

const ChangedWebhook = z
  .strictObject({
    url: url.exactOptional(),
    name: Name.exactOptional(),
    types: types.exactOptional(),
    ordered: ordered.exactOptional(),
    enabled: z.boolean().exactOptional().meta({
      description:
        'Disabled, nothing is delivered and new events pass it by; what waits goes on when it is enabled.',
    }),
  })
  .meta({ id: 'WebhookChange' })

/** `/v1/webhooks` and `/v1/companies/{companyId}/webhooks` */
export const webhooks =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of WEBHOOK_PLACES) await app.register(making(deps, place))
    for (const place of WEBHOOK_PLACES) await app.register(reading(deps, place))
    for (const place of WEBHOOK_PLACES) await app.register(changing(deps, place))
  }

const making =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      place.base,
      {
        schema: {
          tags,
          operationId: `create${place.of}Webhook`,
          summary: `Have events posted to a URL, ${place.whose}. The secret that signs them is in this answer only.`,
          params: place.list,
          body: NewWebhook,
          response: {
            201: answer('The webhook with its secret.', NewWebhookView),
            ...problems('NOT_FOUND', 'WEBHOOK_URL_REFUSED', 'WEBHOOKS_TOO_MANY'),
          },
        },
      },
      async (request, reply) => {
        const owner = ownerIn(request.params)
        const made = await createWebhook(deps, { owner, ...request.body, ...by(request) })
        const [list = ''] = request.url.split('?')
        return reply
          .code(201)
          .header('location', `${list}/${made.webhook.id}`)
          .send({ ...viewWebhook(made.webhook), secret: made.secret })
      },
    )
  }

const reading =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      place.base,
      {
        schema: {
          tags,
          operationId: `list${place.of}Webhooks`,
          summary: `List webhooks, ${place.whose}.`,
          params: place.list,
          response: {
            200: answer('All of them, oldest first.', z.object({ webhooks: z.array(WebhookView) })),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => ({
        webhooks: (await listWebhooks(deps, ownerIn(request.params))).map(viewWebhook),
      }),
    )

    app.get(
      `${place.base}/:webhookId`,
      {
        schema: {
          tags,
          operationId: `read${place.of}Webhook`,
          summary: `Read a webhook, ${place.whose}.`,
          params: place.one,
          response: { 200: answer('The webhook.', WebhookView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewWebhook(await readWebhook(deps, namedBy(request.params))),
    )
  }

const changing =
  (deps: ApiDependencies, place: WebhookPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.patch(
      `${place.base}/:webhookId`,
      {
        schema: {
          tags,
          operationId: `change${place.of}Webhook`,
          summary: `Change a webhook, ${place.whose}, or disable and enable it. What is left out stays.`,
          params: place.one,
          body: ChangedWebhook,
          response: {
            200: answer('The webhook.', WebhookView),
            ...problems('NOT_FOUND', 'WEBHOOK_URL_REFUSED'),
          },
        },
      },
      async (request) =>
        viewWebhook(
          await changeWebhook(deps, { ...namedBy(request.params), ...request.body, ...by(request) }),
        ),
    )

    app.delete(
      `${place.base}/:webhookId`,
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: `remove${place.of}Webhook`,
          summary: `Delete a webhook, ${place.whose}, its secrets and what is still on its way.`,
          params: place.one,
          response: { 204: z.null().meta({ description: 'It is gone.' }), ...problems('NOT_FOUND') },
        },
      },
      async (request, reply) => {
        await removeWebhook(deps, { ...namedBy(request.params), ...by(request) })
        return reply.code(204).send(null)
      },
    )
  }
