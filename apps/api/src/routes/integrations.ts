import {
  actorOf,
  createIntegration,
  listIntegrations,
  readIntegration,
  requestVerification,
  revokeIntegration,
} from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import { CompanyPath, IntegrationPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import {
  IntegrationView,
  IntegrationWithCredentialView,
  integrationLocation,
  viewIntegration,
  viewIntegrationWithCredential,
} from '../views/integration.ts'
import { answer, problems } from './documented.ts'
import { NewIntegration } from './supplied-credential.ts'

const tags = ['integrations']

/** `/v1/companies/{companyId}/integrations`: creating, listing and reading. */
export const integrations =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/integrations',
      {
        schema: {
          tags,
          operationId: 'createIntegration',
          summary: 'Connect a company to KSeF with its certificate or token. A worker verifies it at once.',
          params: CompanyPath,
          body: NewIntegration,
          response: {
            202: answer('The integration; its verification is under way.', IntegrationView),
            ...problems(
              'NOT_FOUND',
              'INTEGRATION_EXISTS',
              'CREDENTIAL_UNREADABLE',
              'CREDENTIAL_EXPIRED',
              'SECRET_UNAVAILABLE',
            ),
          },
        },
      },
      async (request, reply) => {
        const { companyId } = request.params
        const { credential } = request.body
        const made = await createIntegration(deps, {
          companyId,
          credential,
          actor: actorOf(callerOf(request)),
        })
        return reply.code(202).header('location', integrationLocation(made)).send(viewIntegration(made))
      },
    )

    app.get(
      '/companies/:companyId/integrations',
      {
        schema: {
          tags,
          operationId: 'listIntegrations',
          summary: 'List the integrations of a company, revoked ones too.',
          params: CompanyPath,
          response: {
            200: answer('All of them.', z.object({ integrations: z.array(IntegrationView) })),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => {
        const found = await listIntegrations(deps, request.params.companyId)
        return { integrations: found.map(viewIntegration) }
      },
    )

    app.get(
      '/companies/:companyId/integrations/:integrationId',
      {
        schema: {
          tags,
          operationId: 'readIntegration',
          summary: 'Read an integration and what is known of its credential.',
          params: IntegrationPath,
          response: {
            200: answer('The integration.', IntegrationWithCredentialView),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => viewIntegrationWithCredential(await readIntegration(deps, request.params)),
    )
  }

/** `/v1/companies/{companyId}/integrations/{integrationId}/…`: what can be asked of one. */
export const integrationActions =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/integrations/:integrationId/verify',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'verifyIntegration',
          summary: 'Ask for a verification: a worker signs in to KSeF and reads the permissions in force.',
          params: IntegrationPath,
          response: {
            202: answer('The integration as it stands; read it again for the outcome.', IntegrationView),
            ...problems('NOT_FOUND', 'INTEGRATION_REVOKED'),
          },
        },
      },
      async (request, reply) => {
        const asked = await requestVerification(deps, request.params)
        return reply.code(202).header('location', integrationLocation(asked)).send(viewIntegration(asked))
      },
    )

    app.post(
      '/companies/:companyId/integrations/:integrationId/revoke',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'revokeIntegration',
          summary: 'End an integration and erase its secret. Waiting invoices go out with the next one.',
          params: IntegrationPath,
          response: {
            200: answer('The revoked integration.', IntegrationView),
            ...problems('NOT_FOUND', 'SECRET_UNAVAILABLE'),
          },
        },
      },
      async (request) => {
        const actor = actorOf(callerOf(request))
        return viewIntegration(await revokeIntegration(deps, { ...request.params, actor }))
      },
    )
  }
