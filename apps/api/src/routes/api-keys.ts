import {
  actorOf,
  type Caller,
  CompanyId,
  createApiKey,
  FleetError,
  KEY_GRACE_SECONDS_DEFAULT,
  KEY_GRACE_SECONDS_MAX,
  type KeyRealm,
  listApiKeys,
  mayUse,
  revokeApiKey,
  rotateApiKey,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import { ApiKeyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { ApiKeyView, apiKeyLocation, NewApiKeyView, RotatedApiKeyView, viewApiKey } from '../views/api-key.ts'
import { answer, problems } from './documented.ts'
import { Name } from './name.ts'

const tags = ['api-keys']

const NewApiKey = z
  .strictObject({
    name: Name,
    companyId: CompanyId.exactOptional().meta({
      description: "The company the key is for. Without it the key is a provider's and opens every company.",
    }),
    role: z
      .enum(['administrator', 'operator'])
      .exactOptional()
      .meta({ description: "Of a provider's key; `operator` when left out. A company's key has no other." }),
  })
  .refine(({ companyId, role }) => companyId === undefined || role === undefined, {
    error: "a company's key takes no role",
    path: ['role'],
  })
  .meta({
    id: 'NewApiKeyRequest',
    examples: [{ name: 'ERP', companyId: '0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b11' }],
  })

const Rotation = z
  .strictObject({
    graceSeconds: z.int().min(0).max(KEY_GRACE_SECONDS_MAX).default(KEY_GRACE_SECONDS_DEFAULT).meta({
      description: 'How long the old key goes on beside the new one. 0 ends it at once.',
    }),
  })
  .meta({ id: 'ApiKeyRotation', examples: [{ graceSeconds: 3_600 }] })

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
        const { name, companyId = null, role = 'operator' } = request.body
        refuseForeign(caller, companyId)
        const owner = companyId === null ? { companyId, role } : { companyId }
        const { apiKey, key } = await createApiKey(deps, {
          ...owner,
          name,
          actor: actorOf(caller),
          requestId: request.id,
        })
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
  }

/** `/v1/api-keys/{apiKeyId}`: what can be done to one. */
export const apiKeyActions =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/api-keys/:apiKeyId/rotate',
      {
        schema: {
          tags,
          operationId: 'rotateApiKey',
          summary:
            'Make a key in the place of another, which ends after a grace. Its text is in this answer only.',
          params: ApiKeyPath,
          body: Rotation,
          response: {
            201: answer('The new key, and the one it replaces.', RotatedApiKeyView),
            ...problems('NOT_FOUND', 'API_KEY_ROTATING'),
          },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request)
        const { apiKey, key, replaced } = await rotateApiKey(deps, {
          realm: realmOf(caller),
          id: request.params.apiKeyId,
          graceSeconds: request.body.graceSeconds,
          actor: actorOf(caller),
          requestId: request.id,
        })
        return reply
          .code(201)
          .header('location', apiKeyLocation(apiKey.id))
          .send({ ...viewApiKey(apiKey), key, replaced: viewApiKey(replaced) })
      },
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
        const by = { actor: actorOf(caller), requestId: request.id }
        await revokeApiKey(deps, { realm: realmOf(caller), id: apiKeyId, ...by })
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
