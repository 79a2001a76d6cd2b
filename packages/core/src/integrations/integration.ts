/**
 * An integration ties a company to its context in KSeF: for whom the fleet signs in, what it may do there, and by what
 * proof. With which credential is decided anew each time (`context/choose-credential.ts`).
 *
 * pending  created; its verification has not succeeded yet. Invoices are accepted and wait.
 * active   a sign-in succeeded, the permissions in force cover the scopes, and the company proved that it may act for its NIP.
 * failed   the last verification failed, or KSeF refused the credential; `failure` says why. Invoices wait.
 * revoked  ended by its owner; its secrets are erased. The end.
 */
import type { CompanyId, IntegrationId, KsefEnvironment } from '../identifiers.ts'

export const INTEGRATION_STATES = ['pending', 'active', 'failed', 'revoked'] as const
export type IntegrationState = (typeof INTEGRATION_STATES)[number]

export type KsefContext = { type: 'Nip' | 'InternalId' | 'NipVatUe'; value: string }

/** Permissions of KSeF that the fleet uses (uprawnienia.md). */
export const KSEF_SCOPES = ['InvoiceRead', 'InvoiceWrite'] as const
export type KsefScope = (typeof KSEF_SCOPES)[number]

/**
 * With the provider's certificate every client's context opens, so a successful sign-in does not show that this company
 * may name this NIP. These do:
 *
 * own-credential  the company supplied the certificate or token that opened the context.
 * grant-code      the grant that opens the context to the provider carries this integration's code in its description.
 * attested        an administrator of the provider vouches for it; who and why stands in the audit log.
 */
export type NipProof = { method: 'own-credential' | 'grant-code' | 'attested'; at: Date; by: string | null }

export type Integration = {
  id: IntegrationId
  companyId: CompanyId
  environment: KsefEnvironment
  context: KsefContext
  /** Permissions the company wants to use here; the verification compares them with those in force. */
  scopes: readonly KsefScope[]
  state: IntegrationState
  /** Permissions KSeF listed at the last verification, e.g. `InvoiceWrite`. */
  permissionsInForce: readonly string[]
  /** To be written by the company into the description of its grant to the provider: who can do that acts for the NIP. */
  grantCode: string
  /** How it is known that the company may act for its NIP; null while it is not. */
  nipProof: NipProof | null
  failure: { code: string; description?: string } | null
  verifiedAt: Date | null
  /** KSeF asked for silence until then (Retry-After); survives the loss of Redis. */
  blockedUntil: Date | null
  createdAt: Date
  revokedAt: Date | null
}
