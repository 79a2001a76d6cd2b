import { acceptInvoice, FleetError } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { takeXml } from '../body-parsing.ts'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { traceOfRequest } from '../request-context.ts'
import { InvoiceView, invoiceLocation, viewInvoice } from '../views/invoice.ts'
import { answer, problems } from './documented.ts'

const InvoiceHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, '1 to 255 visible ASCII characters are expected')
    .exactOptional()
    .meta({
      description: 'Makes repeating the request safe, for as long as the invoice is known. A fresh one each.',
    }),
})

const InvoiceXml = z
  .custom<Buffer>((body) => Buffer.isBuffer(body))
  .meta({
    type: 'string',
    description:
      'An FA(3), FA(2) or FA_RR(1) invoice, UTF-8, exactly as it shall reach KSeF. At most 1,000,000 bytes.',
  })

const DESCRIPTION =
  'Everything KSeF would refuse the invoice for is checked before anything is stored. After the 202 it is never lost. ' +
  'With an `Idempotency-Key` the same request answers the same invoice and `Idempotency-Replayed: true`.'

/** `POST /v1/companies/{companyId}/invoices`, the one route that takes XML. */
export const invoiceAcceptance =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    takeXml(app)
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
          consumes: ['application/xml'],
          params: CompanyPath,
          headers: InvoiceHeaders,
          body: InvoiceXml,
          response: {
            202: answer('The invoice, on its way.', InvoiceView),
            ...problems(
              'NOT_FOUND',
              'BODY_TOO_LARGE',
              'INTEGRATION_MISSING',
              'INVOICE_INVALID',
              'INVOICE_SELLER_MISMATCH',
              'INVOICE_ATTACHMENT_UNSUPPORTED',
              'INVOICE_DUPLICATE',
              'IDEMPOTENCY_KEY_REUSED',
              'IDEMPOTENCY_IN_PROGRESS',
              'OVERLOADED',
            ),
          },
        },
      },
      async (request, reply) => {
        const idempotencyKey = request.headers['idempotency-key']
        const trace = traceOfRequest(request)
        const { submission, replayed } = await acceptInvoice(deps, {
          companyId: request.params.companyId,
          xml: request.body,
          ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
          ...(trace === null ? {} : { traceparent: trace.traceparent }),
        })
        if (replayed) reply.header('idempotency-replayed', 'true')
        return reply.code(202).header('location', invoiceLocation(submission)).send(viewInvoice(submission))
      },
    )
  }
