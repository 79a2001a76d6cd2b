import {
  actorOf,
  changeCompany,
  createCompany,
  FleetError,
  listCompanies,
  Nip,
  readCompany,
} from '@ksef-fleet/core'
import { COMPANY_PARTICULARS } from '@ksef-fleet/ksef'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { CompanyView, companyLocation, viewCompany } from '../views/company.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import { answer, problems } from './documented.ts'
import { Name } from './name.ts'

const { address, contact, bankAccount } = COMPANY_PARTICULARS

const PARTICULARS = {
  address: "The seller's address on invoices as JSON that give none.",
  contact: 'The contact on invoices as JSON that give none.',
  bankAccount:
    'Where buyers pay: on invoices as JSON that are to be paid by transfer and name no account, corrections apart.',
}

const EXAMPLE = {
  nip: '5265877635',
  name: 'Zakłady Mechaniczne Ursus sp. z o.o.',
  address: { line1: 'ul. Posag 7 Panien 1', line2: '02-495 Warszawa' },
  contact: { email: 'faktury@ursus.example' },
  bankAccount: { number: '73111111111111111111111111', bankName: 'Bank Bankowości Bankowej S. A.' },
}

const NewCompany = z
  .strictObject({
    nip: Nip,
    name: Name,
    address: address.exactOptional().meta({ description: PARTICULARS.address }),
    contact: contact.exactOptional().meta({ description: PARTICULARS.contact }),
    bankAccount: bankAccount.exactOptional().meta({ description: PARTICULARS.bankAccount }),
    shareNip: z.boolean().exactOptional().meta({
      description:
        'Lets the company name a NIP that another one here has already. Administrators only; it stands in the audit log.',
    }),
  })
  .meta({ id: 'NewCompany', examples: [EXAMPLE] })

const CompanyChange = z
  .strictObject({
    name: Name.exactOptional(),
    address: address.nullable().exactOptional().meta({ description: PARTICULARS.address }),
    contact: contact.nullable().exactOptional().meta({ description: PARTICULARS.contact }),
    bankAccount: bankAccount.nullable().exactOptional().meta({ description: PARTICULARS.bankAccount }),
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'expected at least one field to change' })
  .meta({
    id: 'CompanyChange',
    description: 'What is left out stays as it is; null takes it away.',
    examples: [{ address: EXAMPLE.address }, { contact: null }],
  })

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

    app.patch(
      '/companies/:companyId',
      {
        schema: {
          tags,
          operationId: 'changeCompany',
          summary: "Change a company's name, and what stands on its invoices as JSON.",
          description:
            'Holds for what is posted from then on. The audit log tells which fields changed, and who did it.',
          params: CompanyPath,
          body: CompanyChange,
          response: { 200: answer('The company.', CompanyView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => {
        const by = { actor: actorOf(callerOf(request)), requestId: request.id }
        const { companyId } = request.params
        return viewCompany(await changeCompany(deps, { companyId, change: request.body, ...by }))
      },
    )
  }
