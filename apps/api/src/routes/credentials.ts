import { actorOf, createCredential, findCredential, listCredentials } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { CredentialView, credentialLocation, viewCredential } from '../views/credential.ts'
import { CREDENTIAL_PLACES, type CredentialPlace } from './credential-place.ts'
import { answer, problems } from './documented.ts'
import { CREDENTIAL_REFUSALS } from './supplied-credential.ts'

const tags = ['credentials']

/** `/v1/credentials` and `/v1/companies/{companyId}/credentials`: taking in, listing and reading. */
export const credentials =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of CREDENTIAL_PLACES) await app.register(takingIn(deps, place))
    for (const place of CREDENTIAL_PLACES) await app.register(reading(deps, place))
  }

const takingIn =
  (deps: ApiDependencies, place: CredentialPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      place.base,
      {
        schema: {
          tags,
          operationId: `create${place.of}Credential`,
          summary: `Take in a certificate or token, ${place.whose}. Its secret goes to the secret store and is never shown.`,
          params: place.list,
          body: place.body,
          response: {
            201: answer('What is known of it.', CredentialView),
            ...problems('NOT_FOUND', 'CREDENTIAL_EXISTS', 'CREDENTIALS_TOO_MANY', ...CREDENTIAL_REFUSALS),
          },
        },
      },
      async (request, reply) => {
        const { companyId: owner = null } = request.params
        const { credential: supplied, ...more } = request.body
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        const { credential } = await createCredential(deps, { owner, supplied, ...more, ...by })
        const made = await findCredential(deps, { owner, credentialId: credential.id })
        return reply.code(201).header('location', credentialLocation(credential)).send(viewCredential(made))
      },
    )
  }

const reading =
  (deps: ApiDependencies, place: CredentialPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      place.base,
      {
        schema: {
          tags,
          operationId: `list${place.of}Credentials`,
          summary: `List credentials, ${place.whose}, with what is left of each and any rotation under way.`,
          params: place.list,
          response: {
            200: answer('All of them, newest first.', z.object({ credentials: z.array(CredentialView) })),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => {
        const found = await listCredentials(deps, request.params.companyId ?? null)
        return { credentials: found.map(viewCredential) }
      },
    )

    app.get(
      `${place.base}/:credentialId`,
      {
        schema: {
          tags,
          operationId: `read${place.of}Credential`,
          summary: `Read a credential, ${place.whose}, with all its versions.`,
          params: place.one,
          response: { 200: answer('What is known of it.', CredentialView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => {
        const { companyId: owner = null, credentialId } = request.params
        return viewCredential(await findCredential(deps, { owner, credentialId }))
      },
    )
  }
