import type { Availability } from '@ksef-fleet/ksef'
import type { NewDocumentHeader } from '../documents/document-store.ts'
import type { KsefEnvironment, Nip, SubmissionId } from '../identifiers.ts'
import type { Ring } from '../jobs/ring.ts'
import type { Submission } from './submission.ts'

/**
 * What accepting an invoice asks of a company's rows. Invoices come in crowds, and a round trip to the database costs more
 * than what it asks, so everything that is asked comes in one answer and everything that is stored goes in one statement.
 */
export interface AcceptanceStore {
  /**
   * Where the company stands, and what these of its Idempotency-Keys have brought before. Takes the keys for this
   * transaction. The entry of a request that ended while this one took its key may be missed; then storing is a conflict.
   *
   * @param asked.waitingMs how long this transaction waits for what another has taken; null: as long as any
   */
  look(asked: {
    environment: KsefEnvironment
    idempotencyKeys: readonly string[]
    waitingMs: number | null
  }): Promise<AcceptanceGround>
  /** What the key stands for, or null. */
  earlier(idempotencyKey: string): Promise<EarlierAcceptance | null>
  /** What is accepted, and the wish to send it: all or nothing. Conflicts where a number or a key is taken. */
  store(accepted: readonly Accepted[], ring: Ring): Promise<void>
}

/** Document, its entry in the register, and submission. */
export type Accepted = {
  submission: Submission
  content: Uint8Array
  header: NewDocumentHeader
  /** The Idempotency-Key, and what it stands for. */
  entry: { key: string; fingerprint: string } | null
}

export type AcceptanceGround = {
  /** null when there is no such company. */
  nip: Nip | null
  /** Whether it has an integration that is not revoked. */
  isConnected: boolean
  /** Of the keys, those that another transaction holds right now. */
  busyKeys: readonly string[]
  earlier: readonly (EarlierAcceptance & { key: string })[]
  /** Whether KSeF could be reached at the last look, and when that was. */
  availability: Availability
  lookedAt: Date | null
  /** Whether an administrator told of a total failure that lasts. */
  isTotalFailure: boolean
  /** Whether invoices are issued offline while KSeF cannot be reached; null: the company says nothing of it. */
  automatic: boolean | null
}

/**
 * @property fingerprint hash of what came with the key
 * @property submissionId null: it was a batch
 */
export type EarlierAcceptance = { fingerprint: string; submissionId: SubmissionId | null }
