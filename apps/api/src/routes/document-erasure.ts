import { actorOf, eraseDocument, readDocument } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { DocumentPath } from '../company-door.ts'
import type { ApiDependencies } from '../dependencies.ts'
import { callerOf } from '../request-context.ts'
import { DocumentView, viewDocument } from '../views/document.ts'
import { answer, problems } from './documented.ts'

const Erasure = z
  .strictObject({
    reason: z
      .string()
      .trim()
      .min(10)
      .max(500)
      .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'one line without control characters is expected')
      .meta({ description: 'Why. It stands in the audit log with the key that asked.' }),
  })
  .meta({
    id: 'Erasure',
    examples: [{ reason: 'Judgment II C 17/26 of the court in Gdańsk, seen in the original.' }],
  })

/** `/v1/companies/{companyId}/documents/{documentId}/erasure` */
export const documentErasure =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/companies/:companyId/documents/:documentId/erasure',
      {
        schema: {
          tags: ['documents'],
          operationId: 'eraseDocument',
          summary: 'Erase an invoice and its UPO from here, for good.',
          description:
            'Hash and KSeF number stay, so that it is neither fetched again nor sent twice; KSeF keeps its own. The law has ' +
            'invoices kept for years: this is for who must erase all the same.',
          params: DocumentPath,
          body: Erasure,
          response: {
            200: answer('What is left of it.', DocumentView),
            ...problems('NOT_FOUND', 'DOCUMENT_UNSETTLED'),
          },
        },
      },
      async (request) => {
        const by = { actor: actorOf(callerOf(request)), requestId: request.id, reason: request.body.reason }
        await eraseDocument(deps, { ...request.params, ...by })
        return viewDocument(request.params.companyId, await readDocument(deps, request.params))
      },
    )
  }
