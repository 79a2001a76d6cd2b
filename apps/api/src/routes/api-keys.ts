import {
  actorOf,
  type Caller,
  CompanyId,
  createApiKey,
  FleetError,
  type KeyRealm,
  listApiKeys,
  mayUse,
  revokeApiKey,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import { ApiKeyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { ApiKeyView, apiKeyLocation, NewApiKeyView, viewApiKey } from '../views/api-key.ts'
import { answer, problems } from './documented.ts'
import { Name } from './name.ts'

const tags = ['api-keys']

const NewApiKey = z
  .strictObject({
    name: Name,
    companyId: CompanyId.exactOptional().meta({
      description: "The company the key is for. Without it the key is a provider's and opens every company.",
    }),
  })
  .meta({
    id: 'NewApiKeyRequest',
    examples: [{ name: 'ERP', companyId: '0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b11' }],
  })

/** `/v1/api-keys`. A company's key manages the keys of its own company. */
export const apiKeys =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/api-keys',
      {
        schema: {
          tags,
          operationId: 'createApiKey',
          summary: 'Make an API key. Its text is in this answer only.',
          body: NewApiKey,
          response: {
            201: answer('The key.', NewApiKeyView),
            ...problems('SCOPE_INSUFFICIENT', 'NOT_FOUND'),
          },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const { name, companyId = null } = request.body
        refuseForeign(caller, companyId)
        const { apiKey, key } = await createApiKey(deps, { companyId, name, actor: actorOf(caller) })
        return reply
          .code(201)
          .header('location', apiKeyLocation(apiKey.id))
          .send({ ...viewApiKey(apiKey), key })
      },
    )

    app.get(
      '/api-keys',
      {
        schema: {
          tags,
          operationId: 'listApiKeys',
          summary: 'List the keys one may manage, revoked ones too.',
          response: {
            200: answer('All of them.', z.object({ apiKeys: z.array(ApiKeyView) })),
            ...problems(),
          },
        },
      },
      async (request) => ({ apiKeys: (await listApiKeys(deps, realmOf(callerOf(request)))).map(viewApiKey) }),
    )

    app.delete(
      '/api-keys/:apiKeyId',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'revokeApiKey',
          summary: 'End a key, from the next request on.',
          params: ApiKeyPath,
          response: { 204: z.null().meta({ description: 'It is revoked.' }), ...problems('NOT_FOUND') },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const { apiKeyId } = request.params
        await revokeApiKey(deps, { realm: realmOf(caller), id: apiKeyId, actor: actorOf(caller) })
        return reply.code(204).send(null)
      },
    )
  }

const realmOf = (caller: Caller): KeyRealm =>
  caller.scope === 'provider' ? { scope: 'provider' } : { scope: 'company', companyId: caller.companyId }

/** A company's key makes no provider's key, and learns nothing of other companies. */
function refuseForeign(caller: Caller, companyId: CompanyId | null): void {
  if (companyId !== null && !mayUse(caller, companyId)) throw new FleetError('NOT_FOUND')
  if (companyId === null && caller.scope !== 'provider') throw new FleetError('SCOPE_INSUFFICIENT')
}
