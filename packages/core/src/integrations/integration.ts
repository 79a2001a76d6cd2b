/**
 * An integration ties a company to its context in KSeF: who signs in (the credential) and for whom (the context).
 *
 * pending  created; its verification has not succeeded yet. Invoices are accepted and wait.
 * active   a sign-in succeeded and the permissions in force were read.
 * failed   the last verification failed, or KSeF refused the credential; `failure` says why. Invoices wait.
 * revoked  ended by its owner; its secrets are erased. The end.
 */
import type { CompanyId, CredentialId, IntegrationId, KsefEnvironment } from '../identifiers.ts'

export const INTEGRATION_STATES = ['pending', 'active', 'failed', 'revoked'] as const
export type IntegrationState = (typeof INTEGRATION_STATES)[number]

export type KsefContext = { type: 'Nip' | 'InternalId' | 'NipVatUe'; value: string }

export type Integration = {
  id: IntegrationId
  companyId: CompanyId
  environment: KsefEnvironment
  context: KsefContext
  credentialId: CredentialId
  state: IntegrationState
  /** Permissions KSeF listed at the last verification, e.g. `InvoiceWrite`. */
  permissionsInForce: readonly string[]
  failure: { code: string; description?: string } | null
  verifiedAt: Date | null
  /** KSeF asked for silence until then (Retry-After); survives the loss of Redis. */
  blockedUntil: Date | null
  createdAt: Date
  revokedAt: Date | null
}

export type Credential = {
  id: CredentialId
  /** null: the provider's own. */
  companyId: CompanyId | null
  kind: 'certificate' | 'token'
  /** Where the secret store keeps the secret itself. */
  secretRef: string
  /** Rises with every rotation; part of every token cache key. */
  version: number
  /** For a certificate: its serial number, SHA-256 fingerprint and subject. */
  serialNumber: string | null
  fingerprint: string | null
  subject: string | null
  notBefore: Date | null
  notAfter: Date | null
  state: 'active' | 'erased'
  createdAt: Date
}
