/**
 * A sending session of KSeF for one company and form code. An online one is shared by every worker of the fleet; a batch
 * one carries one package, which one worker at a time drives (`leaseUntil`, `fence`).
 *
 * opening    the row and its sealed key are committed, the request to open is under way (until `leaseUntil`). Of a batch,
 *            its invoices are packed and its package is being made.
 * open       online: takes invoices until idle or five minutes before `validUntil`. Batch: its parts are being uploaded.
 * closing    takes no more; the request to close is repeated until KSeF says closed or already closed.
 * closed     KSeF settles it; its session UPO is awaited.
 * settled    KSeF's verdict on the session is known and its UPO pages are stored. The end.
 * abandoned  never came to be, or, of a batch, was certainly never closed: KSeF read no invoice of it. The end.
 */
import type { CompanyId, CredentialId, KsefEnvironment, SessionId } from '../identifiers.ts'

export const SESSION_STATES = ['opening', 'open', 'closing', 'closed', 'settled', 'abandoned'] as const
export type SessionState = (typeof SESSION_STATES)[number]

export const SESSION_KINDS = ['online', 'batch'] as const
export type SessionKind = (typeof SESSION_KINDS)[number]

/** How a batch's package is made: TarGz is far smaller where invoices are alike (sesja-wsadowa.md). */
export const COMPRESSIONS = ['TarGz', 'Zip'] as const
export type Compression = (typeof COMPRESSIONS)[number]

export const SESSION_NEXT = {
  opening: ['open', 'abandoned'],
  open: ['closing', 'abandoned'],
  closing: ['closed', 'abandoned'],
  closed: ['settled'],
  settled: [],
  abandoned: [],
} as const satisfies Record<SessionState, readonly SessionState[]>

export type Session = {
  id: SessionId
  companyId: CompanyId
  environment: KsefEnvironment
  kind: SessionKind
  formCode: string
  /** Rises with each lease of a batch: what a worker with an earlier one writes is refused. */
  fence: number
  /** Of a batch only, with how many invoices it carries. */
  compression: Compression | null
  invoiceCount: number | null
  /** Of a batch: its invoices were issued offline, all of them, and KSeF is told so. */
  offline: boolean
  /** Bytes and SHA-256 (Base64) of the package before it was encrypted, once it was made. */
  packageSize: number | null
  packageHash: string | null
  /** The version of a credential it was opened under, and is finished under; null for sessions from before versions. */
  credentialId: CredentialId | null
  credentialVersion: number | null
  state: SessionState
  /** KSeF's reference of the session, once it is open. */
  referenceNumber: string | null
  /** The session's AES key and initialization vector, sealed under the master key. */
  sealedKey: string
  validUntil: Date | null
  openedAt: Date | null
  lastUsedAt: Date | null
  leaseUntil: Date | null
  nextPollAt: Date | null
  polls: number
  /** KSeF's last status code of the session. */
  ksefStatusCode: number | null
  createdAt: Date
}

export type SessionChange = Partial<
  Pick<
    Session,
    | 'referenceNumber'
    | 'validUntil'
    | 'openedAt'
    | 'lastUsedAt'
    | 'leaseUntil'
    | 'nextPollAt'
    | 'polls'
    | 'ksefStatusCode'
    | 'packageSize'
    | 'packageHash'
  >
>

/** One time the bytes of a submission left, or were about to leave, for KSeF. Written before they do. */
export type Attempt = {
  number: number
  sessionId: SessionId
  invoiceHash: string
  fence: number
  startedAt: Date
  endedAt: Date | null
  outcome: 'done' | 'not-done' | 'unknown' | null
  /** Code of docs/ERRORS.md when the outcome is not `done`. */
  code: string | null
}
