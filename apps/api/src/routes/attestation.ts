import { actorOf, attestNip, withdrawAttestation } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import { IntegrationPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { IntegrationView, viewIntegration } from '../views/integration.ts'
import { answer, problems } from './documented.ts'

const tags = ['integrations']

const Attestation = z
  .strictObject({
    statement: z
      .string()
      .trim()
      .min(10)
      .max(500)
      .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'one line without control characters is expected')
      .meta({ description: 'How it is known. It stands in the audit log with the key that said it.' }),
  })
  .meta({
    id: 'Attestation',
    examples: [{ statement: 'Contract 17/2026, signed by the board as the KRS of 2026-11-20 names it.' }],
  })

/** `/v1/companies/{companyId}/integrations/{integrationId}/attestation`: an administrator vouches for the NIP. */
export const attestation =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const path = '/companies/:companyId/integrations/:integrationId/attestation'
    app.post(
      path,
      {
        schema: {
          tags,
          operationId: 'attestNip',
          summary: 'Vouch that the company may act for its NIP. A worker verifies the integration at once.',
          params: IntegrationPath,
          body: Attestation,
          response: {
            202: answer('The integration; its verification is under way.', IntegrationView),
            ...problems('NOT_FOUND', 'INTEGRATION_REVOKED'),
          },
        },
      },
      async (request, reply) => {
        const { statement } = request.body
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        const attested = await attestNip(deps, { ...request.params, statement, ...by })
        return reply.code(202).send(viewIntegration(attested))
      },
    )

    app.delete(
      path,
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'withdrawAttestation',
          summary: 'Take the attestation back. The integration stops unless another proof is found.',
          params: IntegrationPath,
          response: {
            200: answer('The integration as it stands.', IntegrationView),
            ...problems('NOT_FOUND', 'INTEGRATION_REVOKED'),
          },
        },
      },
      async (request) => {
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        return viewIntegration(await withdrawAttestation(deps, { ...request.params, ...by }))
      },
    )
  }
