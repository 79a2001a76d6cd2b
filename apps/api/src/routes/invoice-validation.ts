import { FleetError, validateInvoice } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { INVOICE_TYPES, isJson, takeInvoices } from '../body-parsing.ts'
import { CompanyPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { ValidationView, viewValidation } from '../views/validation.ts'
import { answer, problems } from './documented.ts'

const InvoiceBody = z
  .custom<Buffer>((body) => Buffer.isBuffer(body))
  .meta({
    type: 'string',
    description: 'An FA(3), FA(2) or FA_RR(1) invoice, UTF-8, as it would reach KSeF.',
  })

const DESCRIPTION =
  'Bytes, schema, every rule of the VAT act and of KSeF that the document itself can show, the seller against the company, ' +
  'and duplicates among the company’s own invoices; all findings at once, in Polish and English. The answer is 200 also when ' +
  'the invoice is not valid. Nothing is stored. JSON is taken as in posting an invoice. Posting an invoice refuses less: only what KSeF would refuse, `ksefRefuses`.'

/** `POST /v1/companies/{companyId}/invoices/validate` */
export const invoiceValidation =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    takeInvoices(app)
    app.post(
      '/companies/:companyId/invoices/validate',
      {
        preValidation: async (request) => {
          if (request.body === undefined)
            throw new FleetError('MEDIA_TYPE_UNSUPPORTED', { detail: 'There is no body.' })
        },
        schema: {
          tags: ['invoices'],
          operationId: 'validateInvoice',
          summary: 'Say what is wrong with an invoice, and store nothing.',
          description: DESCRIPTION,
          consumes: INVOICE_TYPES,
          params: CompanyPath,
          body: InvoiceBody,
          response: {
            200: answer('What was found.', ValidationView),
            ...problems('NOT_FOUND', 'BODY_TOO_LARGE', 'OVERLOADED'),
          },
        },
      },
      async (request) => {
        const { companyId } = request.params
        const form = isJson(request.headers['content-type']) ? 'json' : 'xml'
        return viewValidation(
          companyId,
          await validateInvoice(deps, { companyId, document: request.body, form }),
        )
      },
    )
  }
