import { listSubmissions, REASON_CODES, readInvoiceXml, readSubmission, readUpo } from '@ksef-fleet/core'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { BatchIdAsGiven, CompanyPath, InvoicePath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { InvoiceState, InvoiceView, viewInvoice } from '../views/invoice.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import { answer, problems } from './documented.ts'

const tags = ['invoices']
const InvoicePage = z.object({ invoices: z.array(InvoiceView), nextCursor: NextCursor })
const InvoicesQuery = PageQuery.extend({
  state: InvoiceState.exactOptional(),
  reason: z
    .enum(REASON_CODES)
    .exactOptional()
    .meta({ description: 'Those whose `outcome.code` is this reason.' }),
  batch: BatchIdAsGiven.exactOptional().meta({ description: 'Those handed over in that batch.' }),
})
const Xml = z.string().meta({ description: 'XML, exactly as it is stored.' })

/** `/v1/companies/{companyId}/invoices`: all that reads. */
export const invoices =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/companies/:companyId/invoices',
      {
        schema: {
          tags,
          operationId: 'listInvoices',
          summary: 'List the invoices of a company, newest first.',
          params: CompanyPath,
          querystring: InvoicesQuery,
          response: { 200: answer('A page.', InvoicePage), ...problems('NOT_FOUND', 'CURSOR_INVALID') },
        },
      },
      async (request) => {
        const { batch, ...query } = request.query
        const of = batch === undefined ? {} : { batchId: batch }
        const page = await listSubmissions(deps, { ...request.params, ...query, ...of })
        return { invoices: page.submissions.map(viewInvoice), nextCursor: page.nextCursor }
      },
    )

    app.get(
      '/companies/:companyId/invoices/:invoiceId',
      {
        schema: {
          tags,
          operationId: 'readInvoice',
          summary:
            'Read an invoice: its state, its KSeF number, what it has come to and what to do about it.',
          params: InvoicePath,
          response: { 200: answer('The invoice.', InvoiceView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewInvoice(await readSubmission(deps, named(request.params))),
    )

    app.get(
      '/companies/:companyId/invoices/:invoiceId/xml',
      {
        schema: {
          tags,
          operationId: 'readInvoiceXml',
          summary: 'The XML as it was posted, byte for byte.',
          params: InvoicePath,
          response: {
            200: answer('The invoice.', Xml, 'application/xml'),
            ...problems('NOT_FOUND', 'DOCUMENT_ERASED'),
          },
        },
      },
      async (request, reply) => {
        const { content } = await readInvoiceXml(deps, named(request.params))
        return sendXml(reply, { content, filename: `invoice-${request.params.invoiceId}.xml` })
      },
    )

    app.get(
      '/companies/:companyId/invoices/:invoiceId/upo',
      {
        schema: {
          tags,
          operationId: 'readInvoiceUpo',
          summary: 'The UPO, the official receipt, as KSeF signed it.',
          params: InvoicePath,
          response: {
            200: answer('The UPO.', Xml, 'application/xml'),
            ...problems('NOT_FOUND', 'UPO_NOT_YET', 'DOCUMENT_ERASED'),
          },
        },
      },
      async (request, reply) => {
        const { content } = await readUpo(deps, named(request.params))
        return sendXml(reply, { content, filename: `upo-${request.params.invoiceId}.xml` })
      },
    )
  }

const named = ({ companyId, invoiceId }: z.infer<typeof InvoicePath>) => ({
  companyId,
  submissionId: invoiceId,
})

const sendXml = (reply: FastifyReply, file: { content: Uint8Array; filename: string }) =>
  reply
    .type('application/xml')
    .header('cache-control', 'private, no-store')
    .header('content-disposition', `attachment; filename="${file.filename}"`)
    .send(file.content)
