import { actorOf, releaseSubmission } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { refuseBody } from '../body-parsing.ts'
import { InvoicePath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { InvoiceView, viewInvoice } from '../views/invoice.ts'
import { answer, problems } from './documented.ts'

/** `/v1/companies/{companyId}/invoices/{invoiceId}/release` */
export const invoiceRelease =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/invoices/:invoiceId/release',
      {
        preHandler: refuseBody,
        schema: {
          tags: ['invoices'],
          operationId: 'releaseInvoice',
          summary: 'Let a held invoice go again, once what it was held for is settled.',
          params: InvoicePath,
          response: {
            200: answer('The invoice.', InvoiceView),
            ...problems('NOT_FOUND', 'SUBMISSION_NOT_HELD'),
          },
        },
      },
      async (request) => {
        const { companyId, invoiceId } = request.params
        const actor = actorOf(callerOf(request))
        return viewInvoice(await releaseSubmission(deps, { companyId, submissionId: invoiceId, actor }))
      },
    )
  }
