import { listBatches, readBatch } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { BatchPath, CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { BatchSummary, BatchView, viewBatch, viewBatchSummary } from '../views/batch.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import { answer, problems } from './documented.ts'

const tags = ['batches']
const BatchPage = z.object({ batches: z.array(BatchSummary), nextCursor: NextCursor })

/** `/v1/companies/{companyId}/batches`: all that reads. */
export const batches =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/companies/:companyId/batches',
      {
        schema: {
          tags,
          operationId: 'listBatches',
          summary: 'List the batches of a company, newest first.',
          params: CompanyPath,
          querystring: PageQuery,
          response: { 200: answer('A page.', BatchPage), ...problems('NOT_FOUND', 'CURSOR_INVALID') },
        },
      },
      async (request) => {
        const page = await listBatches(deps, { ...request.params, ...request.query })
        return { batches: page.batches.map(viewBatchSummary), nextCursor: page.nextCursor }
      },
    )

    app.get(
      '/companies/:companyId/batches/:batchId',
      {
        schema: {
          tags,
          operationId: 'readBatch',
          summary: 'Read a batch: how far its invoices are, and which are in trouble.',
          params: BatchPath,
          response: { 200: answer('The batch.', BatchView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewBatch(await readBatch(deps, request.params)),
    )
  }
