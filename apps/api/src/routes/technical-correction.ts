import { acceptTechnicalCorrection, actorOf, FleetError } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { isJson, takeInvoices } from '../body-parsing.ts'
import { InvoicePath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf, traceOfRequest } from '../request-context.ts'
import { InvoiceView, invoiceLocation, viewInvoice } from '../views/invoice.ts'
import { answer, problems } from './documented.ts'

const CorrectionBody = z
  .custom<Buffer>((body) => Buffer.isBuffer(body))
  .meta({ type: 'string', description: 'The same invoice as XML, in a file that KSeF takes.' })

const DESCRIPTION =
  'An invoice that was issued offline and rejected for its file may be sent anew with the same content: seller, kind, number, date ' +
  'and everything else that buyers hold stay as they were, and only what kept KSeF from taking the file may differ. It goes in an ' +
  'interactive session with the hash of the rejected file, and whoever scans the codes of that one is led to it.'

/** `POST /v1/companies/{companyId}/invoices/{invoiceId}/technical-correction` */
export const technicalCorrection =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    takeInvoices(app)
    app.post(
      '/companies/:companyId/invoices/:invoiceId/technical-correction',
      {
        preValidation: async (request) => {
          if (request.body === undefined || isJson(request.headers['content-type']))
            throw new FleetError('MEDIA_TYPE_UNSUPPORTED', {
              detail: 'A technical correction is sent as `application/xml`.',
            })
        },
        schema: {
          tags: ['offline'],
          operationId: 'correctTechnically',
          summary: 'Send a rejected offline invoice anew, with the same content in another file.',
          description: DESCRIPTION,
          consumes: ['application/xml'],
          params: InvoicePath,
          body: CorrectionBody,
          response: {
            202: answer('The technical correction, on its way.', InvoiceView),
            ...problems(
              'NOT_FOUND',
              'BODY_TOO_LARGE',
              'DOCUMENT_ERASED',
              'INTEGRATION_MISSING',
              'INVOICE_INVALID',
              'INVOICE_DUPLICATE',
              'TECHNICAL_CORRECTION_POINTLESS',
              'TECHNICAL_CORRECTION_EXISTS',
              'TECHNICAL_CORRECTION_DIFFERENT',
              'OVERLOADED',
            ),
          },
        },
      },
      async (request, reply) => {
        const { companyId, invoiceId: submissionId } = request.params
        const trace = traceOfRequest(request)
        const submission = await acceptTechnicalCorrection(deps, {
          companyId,
          submissionId,
          xml: request.body,
          actor: actorOf(callerOf(request)),
          requestId: request.id,
          ...(trace === null ? {} : { traceparent: trace.traceparent }),
        })
        return reply.code(202).header('location', invoiceLocation(submission)).send(viewInvoice(submission))
      },
    )
  }
