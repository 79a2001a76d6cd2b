import { actorOf, diagnose, offboardCompany, readCompanyFacts, readPermissions } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { refuseBody } from '../body-parsing.ts'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { CompanyStatusView, viewCompanyStatus } from '../views/company-status.ts'
import { DiagnosisView, viewDiagnosis } from '../views/diagnosis.ts'
import { PermissionsView, viewPermissions } from '../views/permissions.ts'
import { answer, problems } from './documented.ts'

const tags = ['companies']

/** `/v1/companies/{companyId}/…`: how it stands with KSeF. */
export const companyStatus =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/companies/:companyId/status',
      {
        schema: {
          tags,
          operationId: 'readCompanyStatus',
          summary:
            'How a company stands with KSeF: its integration and credential, what waits and why, what is left of its limits.',
          params: CompanyPath,
          response: { 200: answer('As it stands now.', CompanyStatusView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewCompanyStatus(await readCompanyFacts(deps, request.params.companyId)),
    )

    app.get(
      '/companies/:companyId/doctor',
      {
        schema: {
          tags,
          operationId: 'diagnoseCompany',
          summary: 'What is wrong with a company’s way to KSeF, in plain words, and who must act.',
          params: CompanyPath,
          response: { 200: answer('The worst first; never empty.', DiagnosisView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => {
        const facts = await readCompanyFacts(deps, request.params.companyId)
        return viewDiagnosis(facts.now, diagnose(facts))
      },
    )

    app.get(
      '/companies/:companyId/permissions',
      {
        schema: {
          tags,
          operationId: 'readPermissions',
          summary: 'The permissions KSeF listed at the last verification, beside those that are wanted.',
          params: CompanyPath,
          response: {
            200: answer('Wanted, in force, missing.', PermissionsView),
            ...problems('NOT_FOUND', 'INTEGRATION_MISSING'),
          },
        },
      },
      async (request) => viewPermissions(await readPermissions(deps, request.params.companyId)),
    )
  }

/** `POST /v1/companies/{companyId}/offboard` */
export const companyEnd =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/offboard',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'offboardCompany',
          summary:
            'End all that the fleet can do for a company: integrations, credentials, sign-ins and keys. What was sent stays readable.',
          params: CompanyPath,
          response: {
            202: answer('As it stands; its credentials are `ended` soon after.', CompanyStatusView),
            ...problems('NOT_FOUND'),
          },
        },
      },
      async (request, reply) => {
        const { companyId } = request.params
        await offboardCompany(deps, { companyId, actor: actorOf(callerOf(request)), requestId: request.id })
        return reply.code(202).send(viewCompanyStatus(await readCompanyFacts(deps, companyId)))
      },
    )
  }
