import type { Readable } from 'node:stream'
import { exportDocuments } from '@ksef-fleet/core'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { zipOf } from '../exports/zip-of-documents.ts'
import { documentFilters, filterOf } from './document-query.ts'
import { answer, problems } from './documented.ts'

const ExportQuery = z.strictObject(documentFilters)
const Zip = z.string().meta({ description: 'A ZIP archive.' })

/** `/v1/companies/{companyId}/documents/export` */
export const documentExport =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/companies/:companyId/documents/export',
      {
        schema: {
          tags: ['documents'],
          operationId: 'exportDocuments',
          summary: 'The documents that a list would show, in one archive.',
          description:
            'XML under `outgoing/` and `incoming/`, UPOs under `upo/`, and `index.csv` that tells of each. It is made while it ' +
            'is sent, so it names no length; one that ends early is no archive. What is erased is never in it.',
          params: CompanyPath,
          querystring: ExportQuery,
          response: {
            200: answer('The archive.', Zip, 'application/zip'),
            ...problems('NOT_FOUND', 'EXPORT_TOO_LARGE'),
          },
        },
      },
      async (request, reply) => {
        const { erased, ...filter } = filterOf(request.query)
        const exported = await exportDocuments(deps, { companyId: request.params.companyId, filter })
        const archive = zipOf(exported, (error) => request.log.error({ error }, 'export.failed'))
        return sendZip(reply, archive, `documents-${exported.at.toISOString().slice(0, 10)}.zip`)
      },
    )
  }

const sendZip = (reply: FastifyReply, archive: Readable, filename: string): FastifyReply =>
  reply
    .type('application/zip')
    .header('content-disposition', `attachment; filename="${filename}"`)
    .send(archive)
