import { type AuditFilter, type KeyRealm, listAudit, readAuditChain } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import {
  AuditChainView,
  AuditEntryView,
  AuditOutcome,
  viewAuditChain,
  viewAuditEntry,
} from '../views/audit.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import { answer, problems } from './documented.ts'

const tags = ['audit']

const Word = z
  .string()
  .regex(/^[\x20-\x7e]{1,100}$/, 'up to 100 ASCII characters are expected')
  .exactOptional()

const moment = (description: string) =>
  z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .exactOptional()
    .meta({ description })

const AuditQuery = PageQuery.extend({
  from: moment('Entries of that moment and after.'),
  to: moment('Entries before that moment.'),
  action: Word.meta({ description: 'Exactly this action.', examples: ['credential.rotate'] }),
  outcome: AuditOutcome.exactOptional(),
  operation: Word.meta({ description: 'Of KSeF or of this API.' }),
  referenceNumber: Word.meta({ description: "KSeF's reference." }),
  actor: Word.meta({ description: 'As the entries name it.' }),
})

const AuditPage = z.object({ entries: z.array(AuditEntryView), nextCursor: NextCursor })

/** `/v1/audit` and `/v1/companies/{companyId}/audit` */
export const audit =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const page = async (realm: KeyRealm, { cursor, ...filter }: z.infer<typeof AuditQuery>) => {
      const asked: { realm: KeyRealm; filter: Omit<AuditFilter, 'before'> } = { realm, filter }
      const found = await listAudit(deps, cursor === undefined ? asked : { ...asked, cursor })
      return { entries: found.entries.map(viewAuditEntry), nextCursor: found.nextCursor }
    }

    app.get(
      '/audit',
      {
        schema: {
          tags,
          operationId: 'listAudit',
          summary: 'Who did what, for the provider and all companies, newest first.',
          querystring: AuditQuery,
          response: { 200: answer('A page.', AuditPage), ...problems('CURSOR_INVALID') },
        },
      },
      (request) => page({ scope: 'provider' }, request.query),
    )

    app.get(
      '/audit/chain',
      {
        schema: {
          tags,
          operationId: 'readAuditChain',
          summary: "The hash chain over one day's entries, recomputed now to see that none was changed.",
          querystring: z.strictObject({ day: z.iso.date().meta({ description: 'In UTC.' }) }),
          response: { 200: answer('The seals, and whether they hold.', AuditChainView), ...problems() },
        },
      },
      async ({ query: { day } }) => viewAuditChain(day, await readAuditChain(deps, day)),
    )

    app.get(
      '/companies/:companyId/audit',
      {
        schema: {
          tags,
          operationId: 'listCompanyAudit',
          summary: 'Who did what for a company, newest first.',
          params: CompanyPath,
          querystring: AuditQuery,
          response: { 200: answer('A page.', AuditPage), ...problems('NOT_FOUND', 'CURSOR_INVALID') },
        },
      },
      (request) => page({ scope: 'company', companyId: request.params.companyId }, request.query),
    )
  }
