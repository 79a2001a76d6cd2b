import {
  actorOf,
  holdSubmission,
  holdSubmissions,
  releaseSubmission,
  releaseSubmissions,
  retrySubmission,
} from '@ksef-fleet/core'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { refuseBody } from '../body-parsing.ts'
import { CompanyPath, InvoicePath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { InvoiceView, viewInvoice } from '../views/invoice.ts'
import { answer, problems } from './documented.ts'
import { Name } from './name.ts'

const tags = ['invoices']

const Hold = z
  .strictObject({
    note: Name.exactOptional().meta({ description: 'Why, for people; it stands in `outcome.note`.' }),
  })
  .nullish()
  .meta({ id: 'Hold', examples: [{ note: 'The client asked to wait for the new price.' }] })

const Counted = z.object({ count: z.int().meta({ description: 'How many invoices it moved.' }) })

/** `/v1/companies/{companyId}/invoices/{invoiceId}/hold`, `…/release`, `…/retry` */
export const invoiceActions =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/invoices/:invoiceId/hold',
      {
        schema: {
          tags,
          operationId: 'holdInvoice',
          summary: 'Keep an invoice that waits from being sent, until somebody releases it.',
          params: InvoicePath,
          body: Hold,
          response: {
            200: answer('The held invoice.', InvoiceView),
            ...problems('NOT_FOUND', 'SUBMISSION_NOT_PENDING'),
          },
        },
      },
      async (request) =>
        viewInvoice(await holdSubmission(deps, { ...wishOf(request), ...noteOf(request.body) })),
    )

    app.post(
      '/companies/:companyId/invoices/:invoiceId/release',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'releaseInvoice',
          summary:
            'Let a held invoice go again, once what it was held for is settled. A correction waits for its originals no more.',
          params: InvoicePath,
          response: {
            200: answer('The invoice.', InvoiceView),
            ...problems('NOT_FOUND', 'SUBMISSION_NOT_HELD'),
          },
        },
      },
      async (request) => viewInvoice(await releaseSubmission(deps, wishOf(request))),
    )

    app.post(
      '/companies/:companyId/invoices/:invoiceId/retry',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'retryInvoice',
          summary: 'Send a rejected invoice again, byte for byte, once what lay outside of it was mended.',
          params: InvoicePath,
          response: {
            200: answer('The invoice; it waits to be sent.', InvoiceView),
            ...problems('NOT_FOUND', 'SUBMISSION_NOT_REJECTED', 'RETRY_POINTLESS', 'INVOICE_DUPLICATE'),
          },
        },
      },
      async (request) => viewInvoice(await retrySubmission(deps, wishOf(request))),
    )
  }

/** `/v1/companies/{companyId}/invoices/hold` and `…/release` */
export const invoicesActions =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/invoices/hold',
      {
        schema: {
          tags,
          operationId: 'holdInvoices',
          summary:
            'Keep every invoice of the company that waits now from being sent. Later ones go their way.',
          params: CompanyPath,
          body: Hold,
          response: { 200: answer('How many are held now.', Counted), ...problems('NOT_FOUND') },
        },
      },
      async (request) => {
        const wish = { ...request.params, ...byOf(request), ...noteOf(request.body) }
        return { count: await holdSubmissions(deps, wish) }
      },
    )

    app.post(
      '/companies/:companyId/invoices/release',
      {
        preHandler: refuseBody,
        schema: {
          tags,
          operationId: 'releaseInvoices',
          summary:
            'Let every invoice of the company go that is held because somebody asked, and no other. Corrections still go after their originals.',
          params: CompanyPath,
          response: { 200: answer('How many wait to be sent now.', Counted), ...problems('NOT_FOUND') },
        },
      },
      async (request) => ({ count: await releaseSubmissions(deps, { ...request.params, ...byOf(request) }) }),
    )
  }

const byOf = (request: FastifyRequest) => ({ actor: actorOf(callerOf(request)), requestId: request.id })

const wishOf = (request: FastifyRequest & { params: z.infer<typeof InvoicePath> }) => ({
  companyId: request.params.companyId,
  submissionId: request.params.invoiceId,
  ...byOf(request),
})

const noteOf = (body: z.infer<typeof Hold>) => (body?.note === undefined ? {} : { note: body.note })
