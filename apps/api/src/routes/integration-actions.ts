import { actorOf, changeScopes, requestVerification, revokeIntegration } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { refuseBody } from '../body-parsing.ts'
import { IntegrationPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { IntegrationView, integrationLocation, viewIntegration } from '../views/integration.ts'
import { answer, problems } from './documented.ts'
import { WantedScopes } from './supplied-credential.ts'

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

    app.put(
      '/companies/:companyId/integrations/:integrationId/scopes',
      {
        schema: {
          tags,
          operationId: 'changeScopes',
          summary:
            'Change which permissions the company wants to use. A worker verifies the integration at once.',
          params: IntegrationPath,
          body: WantedScopes,
          response: {
            202: answer('The integration; its verification is under way.', IntegrationView),
            ...problems('NOT_FOUND', 'INTEGRATION_REVOKED'),
          },
        },
      },
      async (request, reply) => {
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        const changed = await changeScopes(deps, { ...request.params, ...request.body, ...by })
        return reply.code(202).send(viewIntegration(changed))
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
