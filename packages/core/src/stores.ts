/**
 * The doors to the truth, as ports. `packages/db` is their adapter on PostgreSQL.
 *
 * `withCompany` is the way to a tenant's rows: one transaction with the company set for row-level security.
 * `asSystem` crosses companies, under a role of its own, for a reason that is named and logged.
 * Both run `work` in one transaction: it commits when `work` resolves and rolls back when it throws.
 * `readCompany` is `withCompany` for who only reads: each statement is a transaction of its own, in a single round trip, and
 * sees what is committed by then, as it would in a common transaction. What is read with a lock belongs in `withCompany`.
 * Every failure of the database leaves them as a `DatabaseFailure` with no parameter, row or query text in it.
 */
import type { AuditChain } from './audit/audit-chain.ts'
import type { AuditStore } from './audit/audit-store.ts'
import type { BatchStore, SubmissionCrowd } from './batches/batch-store.ts'
import type { LimitStore, StoredLimits } from './budget/limit-store.ts'
import type { CompanyChange } from './companies/change-company.ts'
import type { Company } from './companies/company.ts'
import type { CredentialVersion, UsableCredential } from './credentials/credential.ts'
import type { CredentialStore } from './credentials/credential-store.ts'
import type { CredentialWindow } from './credentials/credential-window.ts'
import type { Attempt, Session, SessionChange, SessionState } from './delivery/session.ts'
import type { GroupKey } from './dispatch/pending-group.ts'
import type { DocumentDirectory, DocumentStore } from './documents/document-store.ts'
import type { EventLog, EventStore, Placed } from './events/event-store.ts'
import type {
  ApiKeyId,
  BatchId,
  CompanyId,
  CredentialId,
  IntegrationId,
  KsefEnvironment,
  Nip,
  SessionId,
  SubmissionId,
} from './identifiers.ts'
import type { ExportDirectory, InboxStore } from './inbox/inbox-store.ts'
import type { SyncKey } from './inbox/sync-state.ts'
import type { Integration } from './integrations/integration.ts'
import type { IntegrationStore } from './integrations/integration-store.ts'
import type { Ring } from './jobs/ring.ts'
import type { ApiKey } from './keys/api-key.ts'
import type { ApiKeyStore } from './keys/api-key-store.ts'
import type { AvailabilityStore } from './offline/availability.ts'
import type { OfflineStore } from './offline/offline-store.ts'
import type { OutageStore } from './offline/outage.ts'
import type { PackageStore } from './packaging/package-store.ts'
import type { AcceptanceStore } from './submissions/acceptance-store.ts'
import type { CorrectionOrder } from './submissions/correction-order.ts'
import type {
  Submission,
  SubmissionChange,
  SubmissionReason,
  SubmissionState,
} from './submissions/submission.ts'
import type { WebhookStore } from './webhooks/webhook-store.ts'

export type { AuditStore } from './audit/audit-store.ts'
export type { CredentialWindow } from './credentials/credential-window.ts'
export { DatabaseFailure, isConflict } from './database-failure.ts'
export type { ApiKeyStore } from './keys/api-key-store.ts'

export interface FleetDatabase {
  withCompany<T>(companyId: CompanyId, work: (tx: CompanyTransaction) => Promise<T>): Promise<T>
  readCompany<T>(companyId: CompanyId, work: (reads: CompanyReads) => Promise<T>): Promise<T>
  asSystem<T>(reason: SystemReason, work: (tx: SystemTransaction) => Promise<T>): Promise<T>
}

/** Why a piece of work crosses companies. Closed, so that a reader can count them. */
export type SystemReason =
  | 'authenticate'
  | 'manage-api-keys'
  | 'list-companies'
  | 'relay-outbox'
  | 'sweep-due'
  | 'measure'
  | 'set-clock'
  | 'manage-credentials'
  | 'rotate-credentials'
  | 'read-audit'
  | 'seal-audit'
  | 'write-audit'
  | 'keep-audit'
  | 'register-documents'
  | 'erase-documents'
  | 'read-events'
  | 'place-events'
  | 'retire-events'
  | 'retire-exports'
  | 'manage-webhooks'
  | 'watch-availability'
  | 'manage-outages'
  | 'diagnose-provider'

/** What can be read of a company without a lock. */
export interface CompanyReads {
  companies: Pick<CompanyTransaction['companies'], 'get'>
  credentials: Pick<CredentialStore, 'get' | 'list' | 'usable' | 'signing' | 'versions' | 'version'>
  integrations: Pick<IntegrationStore, 'get' | 'current' | 'list'>
  offline: Pick<OfflineStore, 'availability' | 'outages' | 'settings' | 'standing'>
  documents: Pick<DocumentStore, 'get' | 'header' | 'list' | 'count' | 'contents' | 'upos'>
  submissions: Pick<CompanyTransaction['submissions'], 'get' | 'findByNumber' | 'list' | 'ofSession'>
  attempts: Pick<CompanyTransaction['attempts'], 'list'>
  sessions: Pick<CompanyTransaction['sessions'], 'get'>
  limits: Pick<LimitStore, 'get'>
  audit: Pick<AuditStore, 'list'>
  events: Pick<EventStore, 'head' | 'list' | 'goesOnFrom'>
  /**
   * What decides the way into a context: the integration as by `integrations.current`, and the credentials as by
   * `credentials.usable`, and what is known of the context's limits; null where there is no such integration.
   */
  wayIn(environment: KsefEnvironment): Promise<{
    integration: Integration
    usable: readonly UsableCredential[]
    limits: Pick<StoredLimits, 'rate' | 'blocks'>
  } | null>
}

export interface CompanyTransaction {
  companies: {
    insert(company: Company): Promise<void>
    /** The company the transaction is for, or null when it does not exist. */
    get(): Promise<Company | null>
    /** At least one field of it. */
    change(to: CompanyChange): Promise<void>
  }
  credentials: CredentialStore
  integrations: IntegrationStore
  limits: LimitStore
  offline: OfflineStore
  documents: DocumentStore
  batches: BatchStore
  submissions: SubmissionCrowd & {
    insert(submission: Submission): Promise<void>
    get(id: SubmissionId): Promise<Submission | null>
    /** The one not rejected with that (environment, seller NIP, kind, number), or null. */
    findByNumber(key: {
      environment: KsefEnvironment
      sellerNip: string
      kind: string
      number: string
    }): Promise<Submission | null>
    /** Newest first, strictly older than `before`; `limit` at most 201. */
    list(page: {
      limit: number
      before?: { createdAt: Date; id: SubmissionId }
      state?: SubmissionState
      /** Code of the reason. */
      reason?: string
      batchId?: BatchId
    }): Promise<Submission[]>
    /**
     * Claims the due pending submission of that group that waits longest, of offline ones that whose deadline comes first
     * (FOR UPDATE SKIP LOCKED): `claimed`, fence + 1, leased for `leaseSeconds` on the database's clock. Null when none is due.
     */
    claimNext(claim: {
      environment: KsefEnvironment
      group: GroupKey
      leaseSeconds: number
    }): Promise<Submission | null>
    /** Whether `claimNext` would find one, or another is just claiming it. */
    isAnyDue(environment: KsefEnvironment, group: GroupKey): Promise<boolean>
    /**
     * Compare-and-swap on the state and, where given, on the fence. False when someone else moved it first.
     * Throws on a move the state table does not know.
     */
    move(
      id: SubmissionId,
      move: { from: SubmissionState; to: SubmissionState; fence?: number; set?: SubmissionChange },
    ): Promise<boolean>
    /** Changes timers and counters without a move; false when it is no longer in `state` under that fence. */
    touch(
      id: SubmissionId,
      touch: { state: SubmissionState; fence: number; set: SubmissionChange },
    ): Promise<boolean>
    /** Those of a session in the given states, by creation. */
    ofSession(sessionId: SessionId, states: readonly SubmissionState[]): Promise<Submission[]>
    /** pending → held for every pending submission of the environment; answers how many. */
    hold(environment: KsefEnvironment, reason: SubmissionReason<string>): Promise<number>
    /** What waits, in one look: pending and held by reason's code, and the oldest of each. */
    waiting(
      environment: KsefEnvironment,
    ): Promise<{ state: SubmissionState; reason: string | null; count: number; oldest: Date }[]>
    /**
     * held → pending for every submission held for one of the reasons, due at once; answers how many. Those that wait for
     * originals are held for that where one was rejected meanwhile.
     */
    release(environment: KsefEnvironment, reasons: readonly string[]): Promise<number>
    countByState(): Promise<Partial<Record<SubmissionState, number>>>
    awaitOriginals: CorrectionOrder['awaitOriginals']
    awaitInstead: CorrectionOrder['awaitInstead']
  }
  attempts: {
    /**
     * Intent before effect. In one statement each: the session is locked and must be `open`, the submission must be
     * `claimed` under `fence`; the attempt row is written, the submission takes the session, `attempts` + 1 and a fresh
     * lease. Answers the attempt's number, or null when the claim or the session is gone: then nothing may be sent.
     */
    begin(attempt: {
      submissionId: SubmissionId
      sessionId: SessionId
      fence: number
      invoiceHash: string
      leaseSeconds: number
    }): Promise<number | null>
    end(
      submissionId: SubmissionId,
      number: number,
      result: { outcome: 'done' | 'not-done' | 'unknown'; code?: string },
    ): Promise<void>
    list(submissionId: SubmissionId): Promise<Attempt[]>
    /** Attempts begun in the last `seconds`, on the database's clock: what was spent of KSeF's limits. */
    countSince(environment: KsefEnvironment, seconds: number): Promise<number>
  }
  packages: PackageStore
  sessions: {
    /** False when an opening or open session of that environment and form code already stands for the company. */
    insertOpening(
      session: Pick<
        Session,
        'id' | 'environment' | 'formCode' | 'sealedKey' | 'credentialId' | 'credentialVersion'
      > & { leaseSeconds: number },
    ): Promise<boolean>
    get(id: SessionId): Promise<Session | null>
    /** The company's opening or open session of that environment and form code, or null. */
    current(environment: KsefEnvironment, formCode: string): Promise<Session | null>
    findByReference(referenceNumber: string): Promise<Session | null>
    /** Those of the reference numbers that are the company's sessions. */
    known(referenceNumbers: readonly string[]): Promise<string[]>
    move(id: SessionId, move: { from: SessionState; to: SessionState; set?: SessionChange }): Promise<boolean>
    touch(id: SessionId, set: SessionChange): Promise<void>
    /**
     * Sessions opened under that version of a credential that are not at their end: unsettled (opening, open, closing,
     * closed), or with an invoice KSeF is still to be asked about (claimed, sent, lost, registered).
     */
    ofVersion(credentialId: CredentialId, version: number): Promise<Session[]>
    /** True when the lease of an opening session has run out on the database's clock. */
    isLeaseOver(id: SessionId): Promise<boolean>
  }
  idempotency: {
    /** Takes the key for this transaction; false when another transaction holds it right now. */
    lock(key: string): Promise<boolean>
    /** Of a submission or of a batch. */
    get(
      key: string,
    ): Promise<{ fingerprint: string; submissionId: SubmissionId | null; batchId: BatchId | null } | null>
    insert(
      entry: { key: string; fingerprint: string } & ({ submissionId: SubmissionId } | { batchId: BatchId }),
    ): Promise<void>
  }
  acceptance: AcceptanceStore
  apiKeys: ApiKeyStore
  inbox: InboxStore
  outbox: {
    /** The wish to act, committed with the change that caused it. Rings with one key coalesce when they are taken. */
    add(ring: Ring): Promise<void>
  }
  audit: AuditStore
  events: EventStore
  webhooks: WebhookStore
  /** As in `CompanyReads` */
  wayIn: CompanyReads['wayIn']
}

export interface SystemTransaction {
  apiKeys: ApiKeyStore & {
    findByHash(hash: string): Promise<ApiKey | null>
    /** Notes the use, at most once a minute. */
    touch(id: ApiKeyId): Promise<void>
  }
  integrations: {
    /** Has those that do not work (pending, failed) verified now; answers how many. */
    wake(environment: KsefEnvironment): Promise<number>
  }
  companies: {
    /** Ordered by id, strictly after `after`. */
    list(page: { limit: number; after?: CompanyId }): Promise<Company[]>
    /** Those of a NIP, oldest first: one at most, unless an administrator let more share it. */
    ofNip(nip: Nip): Promise<Company[]>
  }
  outbox: {
    /**
     * Locks and removes rings (SKIP LOCKED), oldest first, those with one key as one: up to `limit` distinct ones. They
     * come back when the transaction fails.
     */
    take(limit: number): Promise<Ring[]>
  }
  /**
   * What is due, on the database's clock. Each call marks what it answers as rung, so that it is not rung again for ten
   * seconds unless its timer is set anew: a doorbell lost in Redis costs ten seconds, never an invoice.
   */
  due: {
    /**
     * Ends the leases of workers that are gone. What was rung for before may have ended with them, and counts as unrung.
     */
    freeTheDead(): Promise<void>
    /**
     * Ends claims whose lease ran out: with an attempt begun under the present fence the submission becomes `lost` and
     * due for its search, otherwise `pending` and due at once. Answers how many of each.
     */
    expireClaims(limit: number): Promise<{ lost: number; pending: number }>
    /** Companies with due pending submissions and an active, unblocked integration of the submissions' environment. */
    sends(limit: number): Promise<{ companyId: CompanyId }[]>
    /** Sessions with sent or lost submissions to ask about. */
    polls(limit: number): Promise<{ companyId: CompanyId; sessionId: SessionId }[]>
    /** Milliseconds until the next of these comes due, null when none is to come; and when a worker was last found gone. */
    outlook(): Promise<{ nextPollInMs: number | null; lastDeathAt: Date | null }>
    /** Registered submissions whose UPO is to be fetched. */
    upos(limit: number): Promise<{ companyId: CompanyId; submissionId: SubmissionId }[]>
    /**
     * Sessions to finish: open ones idle for `idleSeconds`, or within five minutes of `validUntil`; closing and closed ones
     * with `nextPollAt` due; opening ones whose lease is over.
     */
    sessions(limit: number, idleSeconds: number): Promise<{ companyId: CompanyId; sessionId: SessionId }[]>
    /** Abandoned sessions whose opening may have succeeded all the same. */
    orphans(limit: number): Promise<{ companyId: CompanyId; sessionId: SessionId }[]>
    /** Batch sessions that nobody drives, with a package to be made or uploaded. */
    packages(limit: number): Promise<{ companyId: CompanyId; sessionId: SessionId }[]>
    /** Webhooks, of whomever, with deliveries that are due and that nobody holds. */
    webhooks(limit: number): Promise<Placed['webhooks']>
    /** Integrations whose verification is asked for. */
    verifications(limit: number): Promise<{ companyId: CompanyId; integrationId: IntegrationId }[]>
    /** Versions of credentials whose next step is due. `companyId` null: the provider's. */
    rotations(
      limit: number,
    ): Promise<{ companyId: CompanyId | null; credentialId: CredentialId; version: number }[]>
    /** Syncs whose next step is due and that nobody runs. */
    syncs(limit: number): Promise<({ companyId: CompanyId } & SyncKey)[]>
    /** Syncs that came to nothing for too long, of which nobody was told yet. */
    lateSyncs(limit: number): Promise<({ companyId: CompanyId } & SyncKey)[]>
    /** Companies with deadlines to be worked out anew, or with an alarm of one that is due. */
    deadlines(limit: number): Promise<{ companyId: CompanyId }[]>
    /** Versions whose owner is to be told that they end. */
    notices(
      limit: number,
    ): Promise<{ companyId: CompanyId | null; credentialId: CredentialId; version: number }[]>
  }
  documents: DocumentDirectory
  /** The provider's own credentials. */
  credentials: CredentialStore & {
    /** Sessions of any company opened under that version, not at their end as in `sessions.ofVersion`. */
    unsettledSessions(id: CredentialId, version: number): Promise<{ companyId: CompanyId; id: SessionId }[]>
    /** True when another credential, of whomever, signs in with the same certificate or token, or is about to. */
    isUsedElsewhere(
      version: Pick<CredentialVersion, 'credentialId' | 'fingerprint' | 'referenceNumber'>,
    ): Promise<boolean>
    /** Of every owner, for metrics and health: active versions by the window of days in which they end. */
    forecast(): Promise<{ window: CredentialWindow; count: number }[]>
  }
  events: EventStore
  eventLog: EventLog
  exports: ExportDirectory
  /** The provider's own webhooks. */
  webhooks: WebhookStore
  /** Whether KSeF can be reached, and what outages were announced. */
  availability: AvailabilityStore
  outages: OutageStore
  audit: AuditStore & AuditChain
  /** The database's clock, by which every timer and lease runs. */
  present(): Promise<Date>
  /**
   * For metrics, over all companies: submissions by state, outbox rows waiting and the age of the oldest, in seconds; syncs that
   * are late, fail or are held, how far behind the last of those that go on is, and documents that KSeF lists and did not give.
   */
  measure(): Promise<{
    submissions: Partial<Record<SubmissionState, number>>
    outbox: { waiting: number; oldestSeconds: number }
    inbox: { late: number; failing: number; held: number; oldestSeconds: number; missing: number }
    /** Events without their place in the log yet. */
    unplacedEvents: number
    /** Invoices issued offline that have a deadline and are not registered, those of them that are late, and those due today. */
    offline: { waiting: number; late: number; dueToday: number }
    /** Due deliveries to enabled webhooks, how long the oldest has been due, and webhooks the fleet disabled. */
    webhooks: { due: number; oldestSeconds: number; disabled: number }
  }>
}
