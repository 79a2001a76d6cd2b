/**
 * The two doors to the truth, as ports. `packages/db` is their adapter on PostgreSQL.
 *
 * `withCompany` is the only way to a tenant's rows: one transaction with the company set for row-level security.
 * `asSystem` crosses companies, under a role of its own, for a reason that is named and logged.
 * Both run `work` in one transaction: it commits when `work` resolves and rolls back when it throws.
 * Every failure of the database leaves them as a `DatabaseFailure` with no parameter, row or query text in it.
 */
import type { AuditEntry, AuditFilter, AuditSeal, StoredAuditEntry } from './audit/audit-entry.ts'
import type { Company } from './companies/company.ts'
import type { CredentialVersion } from './credentials/credential.ts'
import type { CredentialStore } from './credentials/credential-store.ts'
import type { Attempt, Session, SessionChange, SessionState } from './delivery/session.ts'
import type { FleetEvent } from './events/fleet-event.ts'
import type {
  ApiKeyId,
  CompanyId,
  CredentialId,
  DocumentId,
  IntegrationId,
  KsefEnvironment,
  Nip,
  SessionId,
  SubmissionId,
} from './identifiers.ts'
import type { Integration, IntegrationState } from './integrations/integration.ts'
import type { Ring } from './jobs/ring.ts'
import type { ApiKey } from './keys/api-key.ts'
import type {
  Submission,
  SubmissionChange,
  SubmissionReason,
  SubmissionState,
} from './submissions/submission.ts'

export interface FleetDatabase {
  withCompany<T>(companyId: CompanyId, work: (tx: CompanyTransaction) => Promise<T>): Promise<T>
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

export interface CompanyTransaction {
  companies: {
    insert(company: Company): Promise<void>
    /** The company the transaction is for, or null when it does not exist. */
    get(): Promise<Company | null>
  }
  credentials: CredentialStore
  integrations: {
    insert(integration: Integration): Promise<void>
    get(id: IntegrationId): Promise<Integration | null>
    /** The one integration of that environment that is not revoked, or null. */
    current(environment: KsefEnvironment): Promise<Integration | null>
    list(): Promise<Integration[]>
    /** Compare-and-swap; false when it was in none of the states `from`. */
    move(
      id: IntegrationId,
      move: {
        from: readonly IntegrationState[]
        to: IntegrationState
        set?: Partial<
          Pick<Integration, 'permissionsInForce' | 'failure' | 'verifiedAt' | 'revokedAt' | 'nipProof'>
        >
      },
    ): Promise<boolean>
    /** Parks the context until then; never moves an existing later time earlier. */
    blockUntil(id: IntegrationId, until: Date): Promise<void>
    /** Records a proof, or takes it back with null: an integration that was active is then pending again. */
    setNipProof(id: IntegrationId, proof: Integration['nipProof']): Promise<void>
    setScopes(id: IntegrationId, scopes: Integration['scopes']): Promise<void>
    /** Asks the sweeper for a verification now (a due column, so it survives the loss of Redis); null withdraws it. */
    setVerifyDue(id: IntegrationId, at: Date | null): Promise<void>
    /** When its verification is due; nobody asks for another before this transaction ends. */
    lockVerifyDue(id: IntegrationId): Promise<Date | null>
  }
  documents: {
    insert(document: NewDocument): Promise<void>
    get(id: DocumentId): Promise<StoredDocument | null>
  }
  submissions: {
    insert(submission: Submission): Promise<void>
    get(id: SubmissionId): Promise<Submission | null>
    /** The one not rejected with that (environment, seller NIP, kind, number), or null. */
    findByNumber(key: {
      environment: KsefEnvironment
      sellerNip: string
      kind: string
      number: string
    }): Promise<Submission | null>
    /** Newest first, strictly older than `before`; `limit` at most 200. */
    list(page: {
      limit: number
      before?: { createdAt: Date; id: SubmissionId }
      state?: SubmissionState
    }): Promise<Submission[]>
    /** Form code of the pending submission that is due first, or null when none is due. */
    nextDueForm(environment: KsefEnvironment): Promise<string | null>
    /**
     * Claims the due pending submission of that form that waits longest (FOR UPDATE SKIP LOCKED): `claimed`, fence + 1,
     * leased for `leaseSeconds` on the database's clock. Null when none is due.
     */
    claimNext(claim: {
      environment: KsefEnvironment
      formCode: string
      leaseSeconds: number
    }): Promise<Submission | null>
    /**
     * Compare-and-swap on the state and, where given, on the fence. False when someone else moved it first.
     * Throws on a move the state table does not know.
     */
    move(
      id: SubmissionId,
      move: { from: SubmissionState; to: SubmissionState; fence?: number; set?: SubmissionChange },
    ): Promise<boolean>
    /** Changes timers and counters without a move; false when it is no longer in `state`. */
    touch(id: SubmissionId, touch: { state: SubmissionState; set: SubmissionChange }): Promise<boolean>
    /** Those of a session in the given states, by creation. */
    ofSession(sessionId: SessionId, states: readonly SubmissionState[]): Promise<Submission[]>
    /** pending → held for every pending submission of the environment; answers how many. */
    hold(environment: KsefEnvironment, reason: SubmissionReason): Promise<number>
    /** What waits, in one look: pending and held by reason's code, and the oldest of each. */
    waiting(
      environment: KsefEnvironment,
    ): Promise<{ state: SubmissionState; reason: string | null; count: number; oldest: Date }[]>
    /** held → pending for every submission held for one of the reasons, due at once; answers how many. */
    release(environment: KsefEnvironment, reasons: readonly string[]): Promise<number>
    countByState(): Promise<Partial<Record<SubmissionState, number>>>
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
    get(key: string): Promise<{ fingerprint: string; submissionId: SubmissionId } | null>
    insert(entry: { key: string; fingerprint: string; submissionId: SubmissionId }): Promise<void>
  }
  apiKeys: ApiKeyStore
  outbox: {
    /** The wish to act, committed with the change that caused it. Rings with one key coalesce when they are taken. */
    add(ring: Ring): Promise<void>
  }
  audit: AuditStore
  events: EventStore
}

export interface ApiKeyStore {
  insert(key: ApiKey & { hash: string }): Promise<void>
  get(id: ApiKeyId): Promise<ApiKey | null>
  list(): Promise<ApiKey[]>
  /** False when it is unknown or already revoked. */
  revoke(id: ApiKeyId, at: Date): Promise<boolean>
  /** Lets it end then; never later than it would have. False when it is unknown or revoked. */
  expireAt(id: ApiKeyId, at: Date): Promise<boolean>
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>
  /** Several at once, in their order; each at its own time, where it has one. */
  appendAll(entries: readonly (AuditEntry & { at?: Date })[]): Promise<void>
  /** Newest first. A company's transaction sees the company's entries; the system's sees all. */
  list(filter: AuditFilter): Promise<StoredAuditEntry[]>
}

export interface EventStore {
  /** False when an event of the same key was written before. */
  add(event: FleetEvent): Promise<boolean>
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
     * Ends claims whose lease ran out: with an attempt begun under the present fence the submission becomes `lost` and
     * due for its search, otherwise `pending` and due at once. Answers how many of each.
     */
    expireClaims(limit: number): Promise<{ lost: number; pending: number }>
    /** Companies with due pending submissions and an active, unblocked integration of the submissions' environment. */
    sends(limit: number): Promise<{ companyId: CompanyId }[]>
    /** Sessions with sent or lost submissions to ask about. */
    polls(limit: number): Promise<{ companyId: CompanyId; sessionId: SessionId }[]>
    /** Registered submissions whose UPO is to be fetched. */
    upos(limit: number): Promise<{ companyId: CompanyId; submissionId: SubmissionId }[]>
    /**
     * Sessions to finish: open ones idle for `idleSeconds`, or within five minutes of `validUntil`; closing and closed ones
     * with `nextPollAt` due; opening ones whose lease is over.
     */
    sessions(limit: number, idleSeconds: number): Promise<{ companyId: CompanyId; sessionId: SessionId }[]>
    /** Integrations whose verification is asked for. */
    verifications(limit: number): Promise<{ companyId: CompanyId; integrationId: IntegrationId }[]>
    /** Versions of credentials whose next step is due. `companyId` null: the provider's. */
    rotations(
      limit: number,
    ): Promise<{ companyId: CompanyId | null; credentialId: CredentialId; version: number }[]>
    /** Versions whose owner is to be told that they end. */
    notices(
      limit: number,
    ): Promise<{ companyId: CompanyId | null; credentialId: CredentialId; version: number }[]>
  }
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
  audit: AuditStore & AuditChain
  /** The database's clock, by which every timer and lease runs. */
  present(): Promise<Date>
  /** For metrics: submissions by state over all companies, outbox rows waiting and the age of the oldest, in seconds. */
  measure(): Promise<{
    submissions: Partial<Record<SubmissionState, number>>
    outbox: { waiting: number; oldestSeconds: number }
  }>
}

export type DocumentKind = 'invoice' | 'upo' | 'session-upo'

export type NewDocument = {
  id: DocumentId
  environment: KsefEnvironment
  direction: 'outgoing' | 'incoming'
  kind: DocumentKind
  /** SHA-256 of the content, Base64. */
  hash: string
  content: Uint8Array
  ksefNumber?: string
  /** For a session UPO page: the session it belongs to. */
  sessionId?: SessionId
}

export type StoredDocument = NewDocument & { companyId: CompanyId; createdAt: Date }

/** Where a credential's end lies, as the view `ksef_credential_status` tells it. */
export type CredentialWindow =
  | 'expired'
  | 'within-1-day'
  | 'within-7-days'
  | 'within-14-days'
  | 'within-30-days'
  | 'later'
  | 'never'

export interface AuditChain {
  /** Entries with a company's name on them, from a process that has collected them. */
  appendFor(entries: readonly (AuditEntry & { companyId: CompanyId | null; at: Date })[]): Promise<void>
  /**
   * Chains entries that no running transaction can still precede, up to `limit`; answers how many. One sealer works at a
   * time, others answer 0.
   */
  seal(limit: number): Promise<number>
  seals(day: string): Promise<AuditSeal[]>
  /** Recomputes a day's chain. Null when it holds; otherwise where it breaks first. */
  verify(day: string): Promise<{ block: number; why: string } | null>
  /**
   * Makes the partitions of the coming months and drops those that ended `months` (at least 1) months before this one
   * began; answers the names dropped. Their seals stay. Whoever calls it writes down what was dropped.
   */
  keep(months: number): Promise<string[]>
}

/**
 * How `packages/db` reports every failure of the database: what kind, and never a row, a parameter or a query.
 *
 * conflict     a unique key refused the write; `constraint` names it.
 * unavailable  the server cannot be reached, went away, or ran into a timeout. May pass by itself.
 * refused      everything else it refused: a bug of ours or of the schema.
 */
export class DatabaseFailure extends Error {
  readonly kind: 'conflict' | 'unavailable' | 'refused'
  /** `unknown`: the connection was lost at COMMIT, and the transaction may stand. Read before writing again. */
  readonly outcome: 'not-done' | 'unknown'
  readonly sqlState: string | undefined
  /** Name of the violated constraint. */
  readonly constraint: string | undefined
  readonly table: string | undefined

  constructor(
    kind: 'conflict' | 'unavailable' | 'refused',
    more: { outcome?: 'not-done' | 'unknown'; sqlState?: string; constraint?: string; table?: string } = {},
  ) {
    const outcome = more.outcome ?? 'not-done'
    super(
      [
        'database',
        kind,
        outcome === 'unknown' ? 'at commit' : '',
        more.sqlState,
        more.constraint ?? more.table,
      ]
        .filter(Boolean)
        .join(' '),
    )
    this.name = 'DatabaseFailure'
    this.kind = kind
    this.outcome = outcome
    this.sqlState = more.sqlState
    this.constraint = more.constraint
    this.table = more.table
  }
}

/** True when a unique key refused the write. */
export const isConflict = (error: unknown): error is DatabaseFailure =>
  error instanceof DatabaseFailure && error.kind === 'conflict'
