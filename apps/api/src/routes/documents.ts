import {
  listDocuments,
  readDocument,
  readDocumentUpo,
  readDocumentXml,
  type StoredDocument,
} from '@ksef-fleet/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CompanyPath, DocumentPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { DocumentView, viewDocument } from '../views/document.ts'
import { NextCursor, PageQuery } from '../views/page.ts'
import { documentFilters, filterOf } from './document-query.ts'
import { answer, problems } from './documented.ts'

const tags = ['documents']
const DocumentPage = z.object({ documents: z.array(DocumentView), nextCursor: NextCursor })
const DocumentsQuery = PageQuery.extend(documentFilters)
const Xml = z.string().meta({ description: 'XML, exactly as it is stored; `ETag` is its SHA-256.' })

/** `/v1/companies/{companyId}/documents`: all that reads one or lists them. */
export const documents =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/companies/:companyId/documents',
      {
        schema: {
          tags,
          operationId: 'listDocuments',
          summary: 'List the invoices that a company sent and received, newest here first.',
          params: CompanyPath,
          querystring: DocumentsQuery,
          response: { 200: answer('A page.', DocumentPage), ...problems('NOT_FOUND', 'CURSOR_INVALID') },
        },
      },
      async (request) => {
        const { companyId } = request.params
        const { limit, cursor, ...filter } = request.query
        const page = { companyId, limit, filter: filterOf(filter) }
        const found = await listDocuments(deps, cursor === undefined ? page : { ...page, cursor })
        return {
          documents: found.documents.map((document) => viewDocument(companyId, document)),
          nextCursor: found.nextCursor,
        }
      },
    )

    app.get(
      '/companies/:companyId/documents/:documentId',
      {
        schema: {
          tags,
          operationId: 'readDocument',
          summary: 'Read what stands at the head of an invoice, and where its XML and UPO are.',
          params: DocumentPath,
          response: { 200: answer('The document.', DocumentView), ...problems('NOT_FOUND') },
        },
      },
      async (request) => viewDocument(request.params.companyId, await readDocument(deps, request.params)),
    )

    app.get(
      '/companies/:companyId/documents/:documentId/xml',
      {
        schema: {
          tags,
          operationId: 'readDocumentXml',
          summary: 'The XML as it was sent or received, byte for byte.',
          params: DocumentPath,
          response: {
            200: answer('The invoice.', Xml, 'application/xml'),
            ...problems('NOT_FOUND', 'DOCUMENT_ERASED'),
          },
        },
      },
      async (request, reply) => sendXml(request, reply, await readDocumentXml(deps, request.params)),
    )

    app.get(
      '/companies/:companyId/documents/:documentId/upo',
      {
        schema: {
          tags,
          operationId: 'readDocumentUpo',
          summary: 'The UPO of an invoice that the company sent, as KSeF signed it.',
          params: DocumentPath,
          response: {
            200: answer('The UPO.', Xml, 'application/xml'),
            ...problems('NOT_FOUND', 'DOCUMENT_ERASED', 'UPO_NOT_YET'),
          },
        },
      },
      async (request, reply) => sendXml(request, reply, await readDocumentUpo(deps, request.params)),
    )
  }

/** What is stored never changes, so its hash names it: whoever has it already is told so. */
function sendXml(
  request: FastifyRequest,
  reply: FastifyReply,
  { id, kind, hash, content }: StoredDocument,
): FastifyReply {
  const tag = `"${hash}"`
  reply
    .header('etag', tag)
    .header('repr-digest', `sha-256=:${hash}:`)
    .header('cache-control', 'private, no-cache')
  const held = request.headers['if-none-match']
    ?.split(',')
    .some((one) => one.trim().replace(/^W\//, '') === tag)
  if (held === true) return reply.code(304).send()
  return reply
    .type('application/xml')
    .header('content-disposition', `attachment; filename="${kind}-${id}.xml"`)
    .send(content)
}
