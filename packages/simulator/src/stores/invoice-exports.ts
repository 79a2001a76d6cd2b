import type { CompressionType } from '../archive/compression.ts'
import { type Context, type Subject, sameIdentity } from '../identity.ts'
import type { SymmetricKey } from '../invoice/decryption.ts'

/**
 * Exports of invoices and the packages they made. The visible status is derived from these facts and the clock:
 * 100 until `settlesAt` and an outcome, then the outcome, then 210 when the package has expired.
 */
export type ExportPart = {
  ordinalNumber: number
  partName: string
  partSize: number
  partHash: string
  encryptedPartSize: number
  encryptedPartHash: string
}

export type ExportPackage = {
  invoiceCount: number
  size: number
  parts: ExportPart[]
  isTruncated: boolean
  /** Of the last invoice, when truncated: `lastIssueDate`, `lastInvoicingDate` or `lastPermanentStorageDate`. */
  last?: { member: string; date: string }
  hwm?: Date
}

export type ExportOutcome = {
  code: 200 | 415 | 420 | 500 | 550
  description: string
  details?: string[]
  completedAt: Date
  expiresAt?: Date
  package?: ExportPackage
}

export type InvoiceExport = {
  referenceNumber: string
  context: Context
  subject: Subject
  requestedAt: Date
  settlesAt: Date
  compressionType: CompressionType
  onlyMetadata: boolean
  /** Absent when the wrapped key could not be opened: the export ends in 415. */
  symmetricKey?: SymmetricKey
  outcome?: ExportOutcome
}

export type InvoiceExports = {
  add(one: InvoiceExport): void
  /** Only within its own context: elsewhere it does not exist. */
  find(context: Context, referenceNumber: string): InvoiceExport | undefined
  /** Without regard to context, for links that carry their own proof. */
  findByLink(referenceNumber: string): InvoiceExport | undefined
  running(context: Context, subject: Subject, now: Date): number
}

export const isRunning = ({ settlesAt, outcome }: InvoiceExport, now: Date): boolean =>
  outcome === undefined || now < settlesAt

const ABORTED = {
  code: 550,
  description: 'Operacja została anulowana przez system',
  details: ['Przetwarzanie zostało przerwane z przyczyn wewnętrznych systemu. Spróbuj ponownie'],
} as const

/** Packages of an earlier run are gone: unfinished exports were cancelled, finished ones have expired. */
function endInterrupted(one: InvoiceExport, now: Date): void {
  if (one.outcome === undefined) one.outcome = { ...ABORTED, details: [...ABORTED.details], completedAt: now }
  else if (one.outcome.expiresAt !== undefined) one.outcome.expiresAt = now
}

export function createInvoiceExports(state: Map<string, InvoiceExport>, startedAt: Date): InvoiceExports {
  for (const one of state.values()) endInterrupted(one, startedAt)
  return {
    add: (one) => void state.set(one.referenceNumber, one),
    find: (context, referenceNumber) => {
      const one = state.get(referenceNumber)
      return one !== undefined && sameIdentity(one.context, context) ? one : undefined
    },
    findByLink: (referenceNumber) => state.get(referenceNumber),
    running: (context, subject, now) =>
      [...state.values()].filter(
        (one) =>
          sameIdentity(one.context, context) && sameIdentity(one.subject, subject) && isRunning(one, now),
      ).length,
  }
}
