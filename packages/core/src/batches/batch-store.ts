import type { BatchId, KsefEnvironment, SubmissionId } from '../identifiers.ts'
import type { Submission, SubmissionState } from '../submissions/submission.ts'
import type { Batch } from './batch.ts'

/** A company's batches. */
export interface BatchStore {
  /**
   * Waits until no other batch of the company is being stored, and keeps others waiting until this transaction ends: one
   * that meets another's numbers then sees them, instead of waiting for that transaction row by row. False when the
   * wait was too long.
   */
  takeTurn(): Promise<boolean>
  insert(batch: Batch): Promise<void>
  get(id: BatchId): Promise<Batch | null>
  /** Newest first, strictly older than `before`; `limit` at most 201. */
  list(page: { limit: number; before?: { createdAt: Date; id: BatchId } }): Promise<Batch[]>
  countByState(id: BatchId): Promise<Partial<Record<SubmissionState, number>>>
  /** Those rejected or held, latest change first. */
  troubled(id: BatchId, limit: number): Promise<Submission[]>
}

/** What tells two invoices of a seller apart. */
export type InvoiceNumber = Pick<Submission, 'kind' | 'number'>

/** What a company's submissions answer and take by the hundred. */
export interface SubmissionCrowd {
  /** In one statement; those whose number is taken are left out. Answers how many were inserted. */
  insertAll(submissions: readonly Submission[]): Promise<number>
  /** Those not rejected that have one of the seller's numbers. */
  findByNumbers(of: {
    environment: KsefEnvironment
    sellerNip: string
    numbers: readonly InvoiceNumber[]
  }): Promise<(InvoiceNumber & { id: SubmissionId; batchId: BatchId | null; invoiceHash: string })[]>
}
