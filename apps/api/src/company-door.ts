/**
 * The company in the path. Another company's id, an unknown one and a malformed one get the identical answer, before
 * body or query are looked at, so that an answer never tells that a company exists.
 */
import {
  ApiKeyId,
  BatchId,
  CompanyId,
  CredentialId,
  DocumentId,
  FleetError,
  IntegrationId,
  mayUse,
  SubmissionId,
  WebhookId,
} from '@ksef-fleet/core'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { callerOf, noteRefusal } from './request-context.ts'

/** Ids are spelled one way only, in lower case. */
const LOWER_CASE = /^[0-9a-f-]{36}$/

const CompanyIdInPath = z.string().regex(LOWER_CASE).pipe(CompanyId).meta({ format: 'uuid' })

export const CompanyPath = z.object({ companyId: CompanyIdInPath })
export const IntegrationPath = CompanyPath.extend({
  integrationId: z.string().regex(LOWER_CASE).pipe(IntegrationId),
})
const CredentialIdInPath = z.string().regex(LOWER_CASE).pipe(CredentialId)
export const CredentialPath = CompanyPath.extend({ credentialId: CredentialIdInPath })
export const ProviderCredentialPath = z.object({ credentialId: CredentialIdInPath })
export const InvoicePath = CompanyPath.extend({ invoiceId: z.string().regex(LOWER_CASE).pipe(SubmissionId) })
export const BatchIdAsGiven = z.string().regex(LOWER_CASE).pipe(BatchId)
export const BatchPath = CompanyPath.extend({ batchId: BatchIdAsGiven })
export const DocumentPath = CompanyPath.extend({
  documentId: z.string().regex(LOWER_CASE).pipe(DocumentId),
})
const WebhookIdInPath = z.string().regex(LOWER_CASE).pipe(WebhookId)
export const WebhookPath = CompanyPath.extend({ webhookId: WebhookIdInPath })
export const ProviderWebhookPath = z.object({ webhookId: WebhookIdInPath })
export const ApiKeyPath = z.object({ apiKeyId: z.string().regex(LOWER_CASE).pipe(ApiKeyId) })

/** Whatever is named as a company in a path. */
const NamedCompany = z.object({ companyId: z.unknown() })

/** Turns away whoever may not use the company in the path. */
export function guardCompanyInPath(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const named = NamedCompany.safeParse(request.params)
    if (!named.success || named.data.companyId === undefined) return
    const companyId = CompanyIdInPath.safeParse(named.data.companyId)
    if (companyId.success && mayUse(callerOf(request), companyId.data)) return
    noteRefusal(request)
    throw new FleetError('NOT_FOUND')
  })
}
