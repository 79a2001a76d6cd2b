import { acceptInvoice, acceptInvoiceData, accepting, FleetError } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { INVOICE_TYPES, isJson, takeInvoices } from '../body-parsing.ts'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { traceOfRequest } from '../request-context.ts'
import { Delivery, InvoiceView, invoiceLocation, viewInvoice } from '../views/invoice.ts'
import { OfflineMode } from '../views/offline.ts'
import { answer, problems } from './documented.ts'
import { IdempotencyHeaders } from './idempotency-headers.ts'
import { Validate } from './validate.ts'

const AcceptQuery = z.strictObject({
  delivery: Delivery.exactOptional(),
  validate: Validate,
  offlineMode: OfflineMode.exactOptional().meta({
    description:
      'The invoice was issued offline, in this mode. When left out it is issued online, or, while KSeF cannot be reached and the ' +
      'automatic choice is on, as KSeF’s availability has it.',
  }),
})

const InvoiceBody = z
  .custom<Buffer>((body) => Buffer.isBuffer(body))
  .meta({
    type: 'string',
    description:
      'An FA(3), FA(2) or FA_RR(1) invoice, UTF-8, exactly as it shall reach KSeF. At most ' +
      '1,000,000 bytes, 3,000,000 with an attachment.',
  })

const DESCRIPTION =
  'Everything KSeF would refuse the invoice for is checked before anything is stored. After the 202 it is never lost. ' +
  'As XML it reaches KSeF byte for byte; as JSON it is built: the company is its seller with the address, contact and ' +
  'account it is registered with, and values, totals and annotations that follow are worked out. Then it goes the same way. ' +
  'With an `Idempotency-Key` the same request answers the same invoice and `Idempotency-Replayed: true`. ' +
  'An invoice with an attachment travels in a batch, since KSeF takes it in no other way.'

/** `POST /v1/companies/{companyId}/invoices`, the one route that takes invoices, as XML or as JSON. */
export const invoiceAcceptance =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    takeInvoices(app)
    const desk = { ...deps, accept: accepting(deps) }
    app.post(
      '/companies/:companyId/invoices',
      {
        preValidation: async (request) => {
          if (request.body === undefined)
            throw new FleetError('MEDIA_TYPE_UNSUPPORTED', { detail: 'There is no body.' })
        },
        schema: {
          tags: ['invoices'],
          operationId: 'acceptInvoice',
          summary: 'Send an invoice to KSeF.',
          description: DESCRIPTION,
          consumes: INVOICE_TYPES,
          params: CompanyPath,
          querystring: AcceptQuery,
          headers: IdempotencyHeaders,
          body: InvoiceBody,
          response: {
            202: answer('The invoice, on its way.', InvoiceView),
            ...problems(
              'NOT_FOUND',
              'BODY_TOO_LARGE',
              'INTEGRATION_MISSING',
              'INVOICE_INVALID',
              'INVOICE_SELLER_MISMATCH',
              'INVOICE_ATTACHMENT_NEEDS_BATCH',
              'INVOICE_DUPLICATE',
              'IDEMPOTENCY_KEY_REUSED',
              'IDEMPOTENCY_IN_PROGRESS',
              'OVERLOADED',
            ),
          },
        },
      },
      async (request, reply) => {
        const { validate: strictness, ...delivery } = request.query
        const idempotencyKey = request.headers['idempotency-key']
        const trace = traceOfRequest(request)
        const how = {
          companyId: request.params.companyId,
          ...delivery,
          strictness,
          ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
          ...(trace === null ? {} : { traceparent: trace.traceparent }),
        }
        const { submission, replayed } = isJson(request.headers['content-type'])
          ? await acceptInvoiceData(desk, { ...how, json: request.body })
          : await acceptInvoice(desk, { ...how, xml: request.body })
        if (replayed) reply.header('idempotency-replayed', 'true')
        return reply.code(202).header('location', invoiceLocation(submission)).send(viewInvoice(submission))
      },
    )
  }
