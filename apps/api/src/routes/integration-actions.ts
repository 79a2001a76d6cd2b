import { actorOf, requestVerification, revokeIntegration } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { refuseBody } from '../body-parsing.ts'
import { IntegrationPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { IntegrationView, integrationLocation, viewIntegration } from '../views/integration.ts'
import { answer, problems } from './documented.ts'

const tags = ['integrations']

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
          summary:
            "End an integration and the company's own credentials with it. Waiting invoices are held and go out with the next one.",
          params: IntegrationPath,
          response: {
            200: answer('The revoked integration.', IntegrationView),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request) => {
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        return viewIntegration(await revokeIntegration(deps, { ...request.params, ...by }))
      },
    )
  }
