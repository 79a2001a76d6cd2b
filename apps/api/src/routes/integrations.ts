import { actorOf, createIntegration, listIntegrations, readIntegration } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath, IntegrationPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import {
  IntegrationView,
  IntegrationWithCredentialsView,
  integrationLocation,
  viewIntegration,
  viewIntegrationWithCredentials,
} from '../views/integration.ts'
import { answer, problems } from './documented.ts'
import { CREDENTIAL_REFUSALS, NewIntegration } from './supplied-credential.ts'

const tags = ['integrations']

/** Of a company to be connected. */
const REFUSALS = [
  'NOT_FOUND',
  'INTEGRATION_EXISTS',
  'CREDENTIAL_EXISTS',
  'CREDENTIALS_TOO_MANY',
  ...CREDENTIAL_REFUSALS,
] as const

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
          summary:
            "Connect a company to KSeF, with its own credential or the provider's. A worker verifies it at once.",
          params: CompanyPath,
          body: NewIntegration,
          response: {
            202: answer('The integration; its verification is under way.', IntegrationWithCredentialsView),
            ...problems(...REFUSALS),
          },
        },
      },
      async (request, reply) => {
        const { companyId } = request.params
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        const made = await createIntegration(deps, { companyId, ...request.body, ...by })
        const found = await readIntegration(deps, { companyId, integrationId: made.id })
        return reply
          .code(202)
          .header('location', integrationLocation(made))
          .send(viewIntegrationWithCredentials(found))
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
            200: answer('The integration.', IntegrationWithCredentialsView),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => viewIntegrationWithCredentials(await readIntegration(deps, request.params)),
    )
  }
