/**
 * A sending session of KSeF, shared by every worker of the fleet for one company and form code.
 *
 * opening    the row and its sealed key are committed, the request to open is under way (until `leaseUntil`).
 * open       takes invoices until idle or five minutes before `validUntil`.
 * closing    takes no more; the request to close is repeated until KSeF says closed or already closed.
 * closed     KSeF settles it; its session UPO is awaited.
 * settled    KSeF's verdict on the session is known and its UPO pages are stored. The end.
 * abandoned  never came to be, or its reference was lost; no invoice was ever sent into it. The end.
 */
import type { CompanyId, CredentialId, KsefEnvironment, SessionId } from '../identifiers.ts'

export const SESSION_STATES = ['opening', 'open', 'closing', 'closed', 'settled', 'abandoned'] as const
export type SessionState = (typeof SESSION_STATES)[number]

export const SESSION_NEXT = {
  opening: ['open', 'abandoned'],
  open: ['closing'],
  closing: ['closed'],
  closed: ['settled'],
  settled: [],
  abandoned: [],
} as const satisfies Record<SessionState, readonly SessionState[]>

export type Session = {
  id: SessionId
  companyId: CompanyId
  environment: KsefEnvironment
  kind: 'online'
  formCode: string
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
