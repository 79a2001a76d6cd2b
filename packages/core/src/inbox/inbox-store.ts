import type { KsefEnvironment } from '../identifiers.ts'
import type {
  AuditFailure,
  KsefExport,
  MissingDocument,
  SubjectType,
  SyncFailure,
  SyncKey,
  SyncLease,
  SyncState,
  SyncWindow,
} from './sync-state.ts'

export type NewSyncState = SyncKey &
  Pick<SyncState, 'environment' | 'startAt' | 'intervalSeconds'> & { nextSyncAt: Date; lateAt: Date }

/** What a step leaves behind for the next one. */
export type SyncRest = {
  nextSyncAt: Date
  /** Since when it was due as the step began: a later moment stands for somebody who asked for it meanwhile. */
  wasDueAt: Date | null
  /** Or earlier, as soon as what is missing is to be asked for. */
  orForMissing?: boolean
  /** Left out: as before. */
  failures?: number
  failure?: SyncFailure | null
  failingSince?: Date | null
  checkpoint?: Date
  completedAt?: Date
  received?: number
  pace?: number | null
  /** It came through, and is not late before then. */
  lateAt?: Date
  nextAuditAt?: Date
  auditFailure?: AuditFailure | null
}

export type ExportResult = {
  invoiceCount: number
  missingCount: number
  windowTo: Date
}

/** A company's syncs: their states, exports and windows, and what KSeF lists and did not give. */
export interface InboxStore {
  /** States of an integration that begins to receive; those that are there stay. */
  begin(states: readonly NewSyncState[]): Promise<void>
  /** Of every integration of that environment, the latest integration first. */
  states(environment: KsefEnvironment): Promise<SyncState[]>
  get(key: SyncKey): Promise<SyncState | null>
  /** Takes over a sync that is due and that nobody runs: its fence is raised. Null otherwise. */
  lease(key: SyncKey, seconds: number): Promise<SyncState | null>
  /** False when another worker runs it by now. */
  renew(lease: SyncLease, seconds: number): Promise<boolean>
  /** Gives it back, with what the step came to. False when another worker runs it by now: then nothing was written. */
  rest(lease: SyncLease, rest: SyncRest): Promise<boolean>
  /** Due at once, for those that are not held; answers which. */
  ask(integrationId: SyncKey['integrationId'], roles: readonly SubjectType[]): Promise<SubjectType[]>
  configure(
    key: SyncKey,
    set: Partial<Pick<SyncState, 'startAt' | 'checkpoint' | 'intervalSeconds' | 'isEnabled' | 'held'>> & {
      nextSyncAt: Date | null
      lateAt: Date | null
    },
  ): Promise<void>
  /** None of the integration's syncs goes on, for that reason. They become late all the same, unless nothing is `wanted` of them. */
  hold(
    integrationId: SyncKey['integrationId'],
    why: { code: string; description?: string },
    wanted: boolean,
  ): Promise<void>
  /** Those that were held go on then, but for those that are switched off. `lateAt` is for those of which nothing was wanted. */
  resume(integrationId: SyncKey['integrationId'], at: { nextSyncAt: Date; lateAt: Date }): Promise<void>
  /** It is late, and from now on told so. Null when it is not, or was told before. */
  late(key: SyncKey): Promise<SyncState | null>

  /** Intent before effect: the wish and its key. False when another worker runs the sync by now. */
  order(
    lease: SyncLease,
    ordered: Pick<
      KsefExport,
      'id' | 'purpose' | 'windowFrom' | 'windowTo' | 'sealedKey' | 'compression' | 'giveUpAt'
    >,
  ): Promise<boolean>
  /** The export of the sync that is ordered or waiting, or null. */
  underWay(key: SyncKey): Promise<KsefExport | null>
  /** ordered → waiting */
  accepted(lease: SyncLease, id: string, referenceNumber: string): Promise<boolean>
  /** Counts a question whether it is made, or a try to fetch it that failed. */
  counted(lease: SyncLease, id: string, what: 'polls' | 'fetches'): Promise<boolean>
  abandon(lease: SyncLease, id: string, code: string): Promise<boolean>
  done(lease: SyncLease, id: string, result: ExportResult): Promise<boolean>
  /** The latest audits of the integration, one of each role. */
  audits(
    integrationId: SyncKey['integrationId'],
  ): Promise<{ subjectType: SubjectType; at: Date; from: Date; to: Date; listed: number; missing: number }[]>

  /** Adds a proved window; one that follows the last of the same day lengthens it. */
  proved(lease: SyncLease, window: SyncWindow & { id: string }): Promise<void>
  /** All windows of a sync, oldest first. */
  windows(key: SyncKey): Promise<SyncWindow[]>

  /** Those of the KSeF numbers whose invoice the company has, received or sent by itself. */
  known(environment: KsefEnvironment, ksefNumbers: readonly string[]): Promise<Set<string>>
  /** Listed and not to be had; those that are there stay as they are. */
  addMissing(
    lease: SyncLease,
    missing: readonly Omit<MissingDocument, 'tries' | keyof SyncKey>[],
  ): Promise<void>
  /** Those of a sync that are due to be asked for. */
  missingDue(key: SyncKey, limit: number): Promise<MissingDocument[]>
  /** How many an integration's roles miss, and since when the earliest was stored by KSeF. */
  missing(integrationId: SyncKey['integrationId']): Promise<
    {
      subjectType: SubjectType
      count: number
      earliest: Date | null
      undated: boolean
      nextTryAt: Date | null
    }[]
  >
  found(lease: SyncLease, ksefNumber: string): Promise<void>
  stillMissing(lease: SyncLease, ksefNumber: string, again: { code: string; nextTryAt: Date }): Promise<void>
}

/** Exports of all companies. */
export interface ExportDirectory {
  /** Drops those that ended before that moment, but for the last audit of each sync; answers how many. */
  retire(before: Date, limit: number): Promise<number>
}
