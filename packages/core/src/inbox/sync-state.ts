/**
 * Receiving: one state for each role that a context may play in an invoice. KSeF calls nobody, so the fleet asks, from the
 * checkpoint on, window after window.
 *
 * A state waits until `nextSyncAt`; whoever runs its next step leases it, and what it writes counts only under its fence. While
 * an export is under way, that timer is when to ask for it. `held` means that asking has no sense until something else changes:
 * a permission, the integration, a switch; then there is no timer.
 *
 * Of an export: ordered  the wish and its key are on record, KSeF's answer is not.
 *               waiting  KSeF makes it, or has made it.
 *               done     what was in it is stored; an audit's was compared.
 *               abandoned  came to nothing, `code` says why. Its window is asked for again.
 */
import type { CompressionType, SubjectType } from '@ksef-fleet/ksef'
import type { CompanyId, IntegrationId, KsefEnvironment } from '../identifiers.ts'

/** KSeF's roles: seller, buyer, third party (Podmiot3), authorised party (PodmiotUpowazniony). */
export const SUBJECT_TYPES = [
  'Subject1',
  'Subject2',
  'Subject3',
  'SubjectAuthorized',
] as const satisfies readonly SubjectType[]
export type { SubjectType }

export type SyncKey = { integrationId: IntegrationId; subjectType: SubjectType }

/** Whoever runs the next step of a sync; what it writes counts only while its fence is the state's. */
export type SyncLease = SyncKey & { fence: number }

export type SyncFailure = { code: string; description?: string; at: string }

/** Of audits: how many failed in a row, and how the last one did. */
export type AuditFailure = SyncFailure & { failures: number; since: string }

export type SyncState = SyncKey & {
  companyId: CompanyId
  environment: KsefEnvironment
  /** From when on invoices are wanted. */
  startAt: Date
  /** Everything stored by KSeF from `startAt` up to here has been asked for and stored. */
  checkpoint: Date
  /** Between two syncs; null: once a night. */
  intervalSeconds: number | null
  isEnabled: boolean
  /** Why it does not go on by itself. */
  held: { code: string; description?: string } | null
  nextSyncAt: Date | null
  fence: number
  /** In a row; a success ends them. */
  failures: number
  failingSince: Date | null
  failure: SyncFailure | null
  /** When it last came to KSeF's high-water mark. */
  completedAt: Date | null
  /** New invoices since then. */
  received: number
  /** Invoices an hour, as far as known. */
  pace: number | null
  /** Without a success until then it is late; null: nothing is wanted of it. */
  lateAt: Date | null
  /** When it was told that it is late. */
  lateToldAt: Date | null
  nextAuditAt: Date | null
  /** Null once one came through. */
  auditFailure: AuditFailure | null
}

export type ExportPurpose = 'sync' | 'audit'
export type ExportState = 'ordered' | 'waiting' | 'done' | 'abandoned'

export type KsefExport = SyncKey & {
  id: string
  purpose: ExportPurpose
  state: ExportState
  windowFrom: Date
  windowTo: Date | null
  /** Sealed for the company and this export. */
  sealedKey: string
  compression: CompressionType
  referenceNumber: string | null
  polls: number
  /** Tries to fetch its package that failed. */
  fetches: number
  giveUpAt: Date
}

/** A stretch of time of which all of KSeF's invoices in that role are stored. */
export type SyncWindow = {
  from: Date
  to: Date
  source: 'export' | 'metadata'
  /** Invoices KSeF listed in it, those on a common edge of two windows in both. */
  listed: number
  /** Those that were not here before. */
  added: number
}

/** KSeF lists it and the fleet could not have it yet. */
export type MissingDocument = SyncKey & {
  ksefNumber: string
  invoiceHash: string
  permanentStorageDate: Date | null
  tries: number
  code: string
  foundAt: Date
}
