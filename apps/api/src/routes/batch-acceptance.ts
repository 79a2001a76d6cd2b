import { Readable } from 'node:stream'
import { acceptBatch, assertBatchWelcome, FleetError, INVALID_FILES } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { takeUploads } from '../body-parsing.ts'
import { keepConnection, UPLOAD_ANSWERED_WITHIN_MS } from '../body-times.ts'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { traceOfRequest } from '../request-context.ts'
import { UPLOAD_TYPES } from '../uploads/uploads.ts'
import { AcceptedBatchView, batchLocation, viewAcceptedBatch } from '../views/batch.ts'
import { OfflineMode } from '../views/offline.ts'
import { answer, problems } from './documented.ts'
import { IdempotencyHeaders } from './idempotency-headers.ts'
import { Validate } from './validate.ts'

const AcceptBatchQuery = z.strictObject({
  validate: Validate,
  invalid: z.enum(INVALID_FILES).default('refuse').meta({
    description:
      'What becomes of the batch when some of its files cannot be accepted: `refuse` accepts none, `skip` the others.',
  }),
  offlineMode: OfflineMode.exactOptional().meta({
    description:
      'The invoices were issued offline, all of them in this mode; as with an invoice posted alone.',
  }),
})

const UploadBody = z
  .custom<Readable>((body) => body instanceof Readable)
  .meta({
    type: 'string',
    format: 'binary',
    description:
      'A Zip archive, a TarGz archive (gzip over tar), or `multipart/form-data` in which every part is an invoice with a ' +
      'file name. Names must differ; folders and what operating systems put beside files are passed over. Or invoices as ' +
      'JSON, one on each line (`application/x-ndjson`, `application/jsonl`), whose names are `line 1` and so on.',
  })

const DESCRIPTION =
  'Each file is examined as an invoice posted alone is. Then all are accepted or, unless `invalid=skip`, none: after the ' +
  '202 none is ever lost, before it nothing is stored. With an `Idempotency-Key` the same invoices in the same form ' +
  'answer the same batch and `Idempotency-Replayed: true`. Bounds: files, bytes as sent and bytes unpacked as the ' +
  'provider has set them, by default 50,000, 500,000,000 and 2,000,000,000.'

/** `POST /v1/companies/{companyId}/batches`, the one route that takes many invoices. */
export const batchAcceptance =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    takeUploads(app)
    app.post(
      '/companies/:companyId/batches',
      {
        config: { readsItsBody: true },
        handlerTimeout: UPLOAD_ANSWERED_WITHIN_MS,
        preValidation: async (request) => {
          if (request.body === undefined)
            throw new FleetError('MEDIA_TYPE_UNSUPPORTED', { detail: 'There is no body.' })
        },
        schema: {
          tags: ['batches'],
          operationId: 'acceptBatch',
          summary: 'Send many invoices to KSeF.',
          description: DESCRIPTION,
          consumes: Object.keys(UPLOAD_TYPES),
          params: CompanyPath,
          querystring: AcceptBatchQuery,
          headers: IdempotencyHeaders,
          body: UploadBody,
          response: {
            202: answer('The batch, on its way.', AcceptedBatchView),
            ...problems(
              'NOT_FOUND',
              'INTEGRATION_MISSING',
              'BATCH_INVALID',
              'BATCH_EMPTY',
              'BATCH_TOO_LARGE',
              'ARCHIVE_REFUSED',
              'IDEMPOTENCY_KEY_REUSED',
              'IDEMPOTENCY_IN_PROGRESS',
              'OVERLOADED',
              'SPOOL_UNAVAILABLE',
            ),
          },
        },
      },
      async (request, reply) => {
        const { companyId } = request.params
        const { validate: strictness, ...wishes } = request.query
        // Before a byte of the body is taken.
        await assertBatchWelcome(deps, companyId)
        keepConnection(request)
        const idempotencyKey = request.headers['idempotency-key']
        const trace = traceOfRequest(request)
        const body = {
          stream: request.body,
          contentType: request.headers['content-type'] ?? '',
          declaredBytes: Number(request.headers['content-length'] ?? Number.NaN) || null,
        }
        const accepted = await deps.uploads.receive(body, (upload) =>
          acceptBatch(deps, {
            companyId,
            upload,
            ...wishes,
            strictness,
            ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
            ...(trace === null ? {} : { traceparent: trace.traceparent }),
          }),
        )
        if (accepted.replayed) reply.header('idempotency-replayed', 'true')
        return reply
          .code(202)
          .header('location', batchLocation(accepted.batch))
          .send(viewAcceptedBatch(accepted))
      },
    )
  }
