import { actorOf, createCompany, FleetError, listCompanies, Nip, readCompany } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { CompanyView, companyLocation, viewCompany } from '../views/company.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import { answer, problems } from './documented.ts'
import { Name } from './name.ts'

const NewCompany = z
  .strictObject({
    nip: Nip,
    name: Name,
    shareNip: z.boolean().exactOptional().meta({
      description:
        'Lets the company name a NIP that another one here has already. Administrators only; it stands in the audit log.',
    }),
  })
  .meta({ id: 'NewCompany', examples: [{ nip: '5265877635', name: 'Zakłady Mechaniczne Ursus sp. z o.o.' }] })

const CompanyPage = z.object({ companies: z.array(CompanyView), nextCursor: NextCursor })

const tags = ['companies']

/** `/v1/companies` */
export const companies =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies',
      {
        schema: {
          tags,
          operationId: 'createCompany',
          summary: "Register a company. Provider's key only.",
          body: NewCompany,
          response: {
            201: answer('The company.', CompanyView),
            ...problems('SCOPE_INSUFFICIENT', 'COMPANY_EXISTS'),
          },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request)
        if (request.body.shareNip === true && caller.role !== 'administrator') {
          throw new FleetError('SCOPE_INSUFFICIENT', {
            detail: 'Only an administrator lets companies share a NIP.',
          })
        }
        const by = { actor: actorOf(caller), requestId: request.id }
        const company = await createCompany(deps, { ...request.body, ...by })
        return reply.code(201).header('location', companyLocation(company.id)).send(viewCompany(company))
      },
    )

    app.get(
      '/companies',
      {
        schema: {
          tags,
          operationId: 'listCompanies',
          summary: "List companies: all for the provider, its own for a company's key.",
          querystring: PageQuery,
          response: { 200: answer('A page.', CompanyPage), ...problems('CURSOR_INVALID') },
        },
      },
      async (request) => {
        const page = await listCompanies(deps, { caller: callerOf(request), ...request.query })
        return { companies: page.companies.map(viewCompany), nextCursor: page.nextCursor }
      },
    )

    app.get(
      '/companies/:companyId',
      {
        schema: {
          tags,
          operationId: 'readCompany',
          summary: 'Read a company.',
          params: CompanyPath,
          response: { 200: answer('The company.', CompanyView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewCompany(await readCompany(deps, request.params.companyId)),
    )
  }
