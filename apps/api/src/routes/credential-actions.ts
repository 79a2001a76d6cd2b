import {
  actorOf,
  type CredentialId,
  type CredentialOwner,
  findCredential,
  requestProof,
  revokeCredential,
} from '@ksef-fleet/core'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { refuseBody } from '../body-parsing.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { CredentialView, viewCredential } from '../views/credential.ts'
import { CREDENTIAL_PLACES, type CredentialPlace } from './credential-place.ts'
import { answer, problems } from './documented.ts'
import { CREDENTIAL_REFUSALS, Successor } from './supplied-credential.ts'

const tags = ['credentials']

/** What can be asked of one credential: that it proves itself, that another version takes over, that it ends. */
export const credentialActions =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    for (const place of CREDENTIAL_PLACES) await app.register(rotating(deps, place))
    for (const place of CREDENTIAL_PLACES) await app.register(provingAndEnding(deps, place))
  }

type Named = { owner: CredentialOwner; credentialId: CredentialId }

const namedBy = (params: {
  companyId?: NonNullable<CredentialOwner>
  credentialId: CredentialId
}): Named => ({
  owner: params.companyId ?? null,
  credentialId: params.credentialId,
})

const by = (request: FastifyRequest) => ({ actor: actorOf(callerOf(request)), requestId: request.id })

const rotating =
  (deps: ApiDependencies, place: CredentialPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      `${place.base}/:credentialId/rotate`,
      {
        schema: {
          tags,
          operationId: `rotate${place.of}Credential`,
          summary: `Have a successor take over from a credential, ${place.whose}. The present version signs in until it is proved.`,
          params: place.one,
          body: Successor,
          response: {
            202: answer(
              'The credential with its new version; read it again for the outcome.',
              CredentialView,
            ),
            ...problems(
              'NOT_FOUND',
              'CREDENTIAL_ENDED',
              'CREDENTIAL_UNCHANGED',
              'CREDENTIAL_WRONG_KIND',
              'ROTATION_UNDER_WAY',
              ...CREDENTIAL_REFUSALS,
            ),
          },
        },
      },
      async (request, reply) => {
        const named = namedBy(request.params)
        await deps.secrets.rotateCredentials({ ...named, successor: request.body, ...by(request) })
        return reply.code(202).send(viewCredential(await findCredential(deps, named)))
      },
    )
  }

const provingAndEnding =
  (deps: ApiDependencies, place: CredentialPlace): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      `${place.base}/:credentialId/prove`,
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: `prove${place.of}Credential`,
          summary: `Have a credential, ${place.whose}, tried now: a worker signs in with it and makes one call that reads.`,
          params: place.one,
          response: {
            202: answer('As it stands; read it again for the outcome.', CredentialView),
            ...problems('NOT_FOUND', 'CREDENTIAL_ENDED'),
          },
        },
      },
      async (request, reply) => {
        const named = namedBy(request.params)
        await requestProof(deps, { ...named, ...by(request) })
        return reply.code(202).send(viewCredential(await findCredential(deps, named)))
      },
    )

    app.post(
      `${place.base}/:credentialId/revoke`,
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: `revoke${place.of}Credential`,
          summary: `End a credential, ${place.whose}: it signs in no more, is revoked at KSeF where KSeF made it, and is erased.`,
          params: place.one,
          response: {
            202: answer('It is `ending`, and `ended` once nothing of its secrets is left.', CredentialView),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request, reply) => {
        const named = namedBy(request.params)
        await revokeCredential(deps, { ...named, ...by(request) })
        return reply.code(202).send(viewCredential(await findCredential(deps, named)))
      },
    )
  }
