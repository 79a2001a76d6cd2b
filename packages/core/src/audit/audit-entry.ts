import type { CompanyId } from '../identifiers.ts'
import type { AuditDetails } from './audit-details.ts'

/**
 * One line of `ksef_audit_log`: who did what to what for which taxpayer, and how it ended. Never a secret, never an
 * invoice. Actions are `<thing>.<verb>`: `secret.read`, `ksef.sign-in`, `ksef.call`, `credential.rotate`, `key.use`, …
 */
export type AuditEntry = {
  /** `key:<id of the API key>`, `worker`, or `operator`. */
  actor: string
  action: string
  /** Id of what was acted on. */
  subject: string
  outcome: 'ok' | 'refused' | 'failed'
  /** Whose context at KSeF. */
  taxpayerNip?: string
  /** Whose credential, when it was the provider's. */
  providerNip?: string
  /** For a call of KSeF: its operation, e.g. `sendInvoice`. */
  operation?: string
  httpStatus?: number
  durationMs?: number
  /** Code of docs/ERRORS.md or of packages/ksef. */
  errorCode?: string
  /** Of the request to the API that caused it. */
  requestId?: string
  /** KSeF's reference of the thing. */
  referenceNumber?: string
  details?: AuditDetails
}

/** Position in the log: entries are ordered by time, then id. */
export type AuditPosition = { at: Date; id: string }

export type StoredAuditEntry = AuditEntry & { id: string; companyId: CompanyId | null; at: Date }

export type AuditFilter = {
  limit: number
  before?: AuditPosition
  from?: Date
  to?: Date
  action?: string
  outcome?: AuditEntry['outcome']
  operation?: string
  referenceNumber?: string
  actor?: string
}

/**
 * A block of the chain over the log of one day (UTC). `hash` is SHA-256 over the previous block's hash and the digest of
 * the block's entries in their order, so that a changed, removed or inserted entry shows.
 */
export type AuditSeal = {
  day: string
  number: number
  /** The block holds the entries of that day after the previous block's end up to this position. */
  end: { transactionId: string; id: string }
  entries: number
  digest: string
  previousHash: string
  hash: string
  sealedAt: Date
}
