/**
 * Identifiers proved at the edge. A raw string never reaches a store: it passes one of these parsers first,
 * and the brand keeps a submission's id from standing where a company's is due.
 */
import { z } from 'zod'

export const CompanyId = z.uuid().brand<'CompanyId'>()
export type CompanyId = z.infer<typeof CompanyId>

export const IntegrationId = z.uuid().brand<'IntegrationId'>()
export type IntegrationId = z.infer<typeof IntegrationId>

export const CredentialId = z.uuid().brand<'CredentialId'>()
export type CredentialId = z.infer<typeof CredentialId>

export const SubmissionId = z.uuid().brand<'SubmissionId'>()
export type SubmissionId = z.infer<typeof SubmissionId>

export const BatchId = z.uuid().brand<'BatchId'>()
export type BatchId = z.infer<typeof BatchId>

export const DocumentId = z.uuid().brand<'DocumentId'>()
export type DocumentId = z.infer<typeof DocumentId>

export const SessionId = z.uuid().brand<'SessionId'>()
export type SessionId = z.infer<typeof SessionId>

export const ApiKeyId = z.uuid().brand<'ApiKeyId'>()
export type ApiKeyId = z.infer<typeof ApiKeyId>

export const WebhookId = z.uuid().brand<'WebhookId'>()
export type WebhookId = z.infer<typeof WebhookId>

/** Ten digits. The checksum is a rule of the production environment only (ksef-docs srodowiska.md), so it is checked there. */
export const Nip = z
  .string()
  .regex(/^[1-9]\d{9}$/, 'a NIP is ten digits, the first not 0')
  .brand<'Nip'>()
export type Nip = z.infer<typeof Nip>

/** KSeF's environments (ksef-docs srodowiska.md). One deployment of the fleet speaks to one of them. */
export const KsefEnvironment = z.enum(['test', 'demo', 'production'])
export type KsefEnvironment = z.infer<typeof KsefEnvironment>
