import { actorOf, configureOffline, readOffline } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { OfflineView, viewOffline } from '../views/offline.ts'
import { answer, problems } from './documented.ts'

const tags = ['offline']

const Settings = z
  .strictObject({ automatic: z.boolean() })
  .meta({ id: 'OfflineSettings', examples: [{ automatic: false }] })

/** `/v1/companies/{companyId}/offline`: how a company issues while KSeF cannot be reached. */
export const offline =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    const path = '/companies/:companyId/offline'
    app.get(
      path,
      {
        schema: {
          tags,
          operationId: 'readOffline',
          summary: 'How a company issues while KSeF cannot be reached, and which deadlines are near.',
          params: CompanyPath,
          response: { 200: answer('As it stands now.', OfflineView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewOffline(await readOffline(deps, request.params.companyId)),
    )

    app.put(
      path,
      {
        schema: {
          tags,
          operationId: 'configureOffline',
          summary:
            'Say whether a company’s invoices are issued offline by themselves while KSeF cannot be reached.',
          params: CompanyPath,
          body: Settings,
          response: { 200: answer('As it stands now.', OfflineView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => {
        const { companyId } = request.params
        const by = { companyId, actor: actorOf(callerOf(request)), requestId: request.id }
        return viewOffline(await configureOffline(deps, { ...by, ...request.body }))
      },
    )
  }
