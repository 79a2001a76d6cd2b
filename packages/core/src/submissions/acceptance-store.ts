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
   * Where the company stands, and what its Idempotency-Key has brought before. Takes the key for this transaction. The
   * entry of a request that ended while this one took the key may be missed; then storing is a conflict.
   */
  look(asked: { environment: KsefEnvironment; idempotencyKey: string | null }): Promise<AcceptanceGround>
  /** What the key stands for, or null. */
  earlier(idempotencyKey: string): Promise<EarlierAcceptance | null>
  /** Document, its entry in the register, submission, the entry of the key, and the wish to send. Conflicts where number or key is taken. */
  store(accepted: {
    submission: Submission
    content: Uint8Array
    header: NewDocumentHeader
    /** The Idempotency-Key, and what it stands for. */
    entry: { key: string; fingerprint: string } | null
    ring: Ring
  }): Promise<void>
}

export type AcceptanceGround = {
  /** null when there is no such company. */
  nip: Nip | null
  /** Whether it has an integration that is not revoked. */
  isConnected: boolean
  /** Whether another transaction holds the key right now. */
  isKeyBusy: boolean
  earlier: EarlierAcceptance | null
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
