/** A test's own database with the doors open, an administrator's connection beside them, and makers of valid rows. */
import { randomUUID } from 'node:crypto'
import {
  type Company,
  CompanyId,
  type Credential,
  CredentialId,
  type CredentialVersion,
  DocumentId,
  factsOfReading,
  type Integration,
  IntegrationId,
  type NewDocumentHeader,
  Nip,
  type SessionId,
  SessionId as SessionIdParser,
  type Submission,
  SubmissionId,
} from '@ksef-fleet/core'
import pg from 'pg'
import { type ConnectedDatabase, type ConnectOptions, connect } from '../src/index.ts'
import { createTestDatabase, type TestDatabase } from './test-database.ts'

export const FORM = 'FA (3)'
/** What a submission of these tests waits among. */
export const GROUP = {
  formCode: FORM,
  delivery: 'auto',
  hasAttachment: false,
  packageMax: null,
  offline: false,
  technical: false,
} as const
let serial = 0

export type Fleet = AsyncDisposable & {
  db: ConnectedDatabase
  /** Superuser: passes by row-level security. */
  admin: pg.Client
  urls: TestDatabase
}

export async function openFleet(options: Partial<ConnectOptions> = {}): Promise<Fleet> {
  const urls = await createTestDatabase()
  const admin = new pg.Client({ connectionString: urls.adminUrl })
  await admin.connect()
  const db = connect({ appUrl: urls.appUrl, systemUrl: urls.systemUrl, ...options })
  return {
    db,
    admin,
    urls,
    async [Symbol.asyncDispose]() {
      await db.close()
      await admin.end()
      await urls[Symbol.asyncDispose]()
    },
  }
}

export function newCompany(set: Partial<Company> = {}): Company {
  const nip = Nip.parse(String(1_000_000_000 + ++serial))
  return {
    id: CompanyId.parse(randomUUID()),
    nip,
    nipShared: false,
    address: null,
    contact: null,
    bankAccount: null,
    name: `Spółka ${serial}`,
    createdAt: new Date(),
    ...set,
  }
}

export async function insertCompany({ db }: Pick<Fleet, 'db'>): Promise<Company> {
  const company = newCompany()
  await db.withCompany(company.id, (tx) => tx.companies.insert(company))
  return company
}

export const newCredential = (companyId: CompanyId | null, set: Partial<Credential> = {}): Credential => ({
  id: CredentialId.parse(randomUUID()),
  companyId,
  environment: 'test',
  name: 'certyfikat',
  kind: 'certificate',
  context: null,
  secretRef: `secret/${randomUUID()}`,
  state: 'active',
  autoRenew: false,
  createdAt: new Date(),
  endedAt: null,
  ...set,
})

export const newVersion = (
  credential: Pick<Credential, 'id'>,
  set: Partial<CredentialVersion> = {},
): CredentialVersion => ({
  credentialId: credential.id,
  number: 1,
  state: 'active',
  origin: 'supplied',
  secretVersion: randomUUID(),
  referenceNumber: null,
  serialNumber: '0A1B',
  fingerprint: 'ab'.repeat(32),
  subject: 'CN=Test',
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2028-01-01T00:00:00Z'),
  failure: null,
  nextStepAt: null,
  tries: 0,
  nextNoticeAt: null,
  createdAt: new Date(),
  activatedAt: new Date(),
  retiredAt: null,
  erasedAt: null,
  ...set,
})

/** A session's way to say that it was opened before versions were kept. */
export const NO_VERSION = { credentialId: null, credentialVersion: null }

export async function insertIntegration(
  { db }: Pick<Fleet, 'db'>,
  company: Company,
  set: Partial<Integration> = {},
) {
  const credential = newCredential(company.id)
  const version = newVersion(credential)
  const integration: Integration = {
    id: IntegrationId.parse(randomUUID()),
    companyId: company.id,
    environment: 'test',
    context: { type: 'Nip', value: company.nip },
    scopes: ['InvoiceWrite', 'InvoiceRead'],
    state: 'active',
    permissionsInForce: ['InvoiceWrite', 'InvoiceRead'],
    grantCode: `KOD-${++serial}`,
    nipProof: { method: 'own-credential', at: new Date('2026-11-20T10:00:00Z'), by: null },
    failure: null,
    verifiedAt: null,
    blockedUntil: null,
    createdAt: new Date(),
    revokedAt: null,
    ...set,
  }
  await db.withCompany(company.id, async (tx) => {
    await tx.credentials.insert(credential, version)
    await tx.integrations.insert(integration)
  })
  return integration
}

export function newSubmission(company: Company, set: Partial<Submission> = {}): Submission {
  const at = new Date()
  return {
    id: SubmissionId.parse(randomUUID()),
    companyId: company.id,
    environment: 'test',
    documentId: DocumentId.parse(randomUUID()),
    state: 'pending',
    formCode: FORM,
    sellerNip: company.nip,
    kind: 'VAT',
    number: `FV/${++serial}`,
    issueDate: '2026-11-20',
    invoiceHash: Buffer.alloc(32, serial % 256).toString('base64'),
    invoiceSize: 4_600,
    hasAttachment: false,
    delivery: 'auto',
    offlineMode: null,
    offlineChoice: null,
    deadline: null,
    outagesAt: null,
    alarmAt: null,
    alarmStage: null,
    waitsFor: null,
    isAwaited: false,
    correctsId: null,
    correctsHash: null,
    batchId: null,
    sessionId: null,
    packageOrdinal: null,
    packageMax: null,
    referenceNumber: null,
    ksefNumber: null,
    registeredAt: null,
    invoicingMode: null,
    upoDownloadUrl: null,
    upoDocumentId: null,
    reason: null,
    attempts: 0,
    fence: 0,
    leaseUntil: null,
    nextAttemptAt: new Date(at.getTime() - 1_000),
    nextPollAt: null,
    polls: 0,
    giveUpAt: null,
    traceparent: null,
    createdAt: at,
    updatedAt: at,
    ...set,
  }
}

/** The submission's entry in the register of documents. */
export const newHeader = (
  submission: Submission,
  set: Partial<NewDocumentHeader> = {},
): NewDocumentHeader => ({
  ...factsOfReading({ form: 'none', because: 'not-xml' }).facts,
  documentId: submission.documentId,
  environment: submission.environment,
  direction: 'outgoing',
  roles: ['Subject1'],
  ksefNumber: null,
  hash: submission.invoiceHash,
  size: submission.invoiceSize,
  form: submission.formCode,
  kind: submission.kind,
  number: submission.number,
  issueDate: submission.issueDate,
  sellerNip: submission.sellerNip,
  flag: null,
  submissionId: submission.id,
  permanentStorageDate: null,
  acquisitionDate: null,
  ...set,
})

export async function insertSubmission(
  { db }: Pick<Fleet, 'db'>,
  company: Company,
  set: Partial<Submission> = {},
) {
  const submission = newSubmission(company, set)
  await db.withCompany(company.id, async (tx) => {
    await tx.documents.insert({
      id: submission.documentId,
      environment: submission.environment,
      direction: 'outgoing',
      kind: 'invoice',
      hash: submission.invoiceHash,
      content: Buffer.from('<Faktura/>'),
    })
    await tx.submissions.insert(submission)
  })
  return submission
}

/** An open session of the company, good for twelve hours. */
export async function openSession(
  { db }: Pick<Fleet, 'db'>,
  company: Company,
  formCode = FORM,
): Promise<SessionId> {
  const id = SessionIdParser.parse(randomUUID())
  await db.withCompany(company.id, async (tx) => {
    await tx.sessions.insertOpening({
      id,
      environment: 'test',
      formCode,
      sealedKey: 'sealed',
      ...NO_VERSION,
      leaseSeconds: 60,
    })
    await tx.sessions.move(id, {
      from: 'opening',
      to: 'open',
      set: {
        referenceNumber: `20261122-SO-${id.slice(0, 8)}`,
        openedAt: new Date(),
        lastUsedAt: new Date(),
        validUntil: new Date(Date.now() + 12 * 3_600_000),
        leaseUntil: null,
      },
    })
  })
  return id
}

/** A submission that KSeF took: claimed, attempted and sent in an open session. */
export async function insertSent(
  fleet: Pick<Fleet, 'db'>,
  company: Company,
  sessionId: SessionId,
): Promise<Submission> {
  await insertSubmission(fleet, company)
  return fleet.db.withCompany(company.id, async (tx) => {
    const claimed = await tx.submissions.claimNext({ environment: 'test', group: GROUP, leaseSeconds: 60 })
    if (claimed === null) throw new Error('nothing to claim')
    const { id, fence, invoiceHash } = claimed
    await tx.attempts.begin({ submissionId: id, sessionId, fence, invoiceHash, leaseSeconds: 60 })
    const set = { referenceNumber: `20261122-EE-${id.slice(0, 8)}`, nextPollAt: new Date() }
    await tx.submissions.move(id, { from: 'claimed', to: 'sent', fence, set })
    const sent = await tx.submissions.get(id)
    if (sent === null) throw new Error('sent submission is gone')
    return sent
  })
}

/** Removes every company with all that is its own: past the guard that keeps documents from being removed. */
export async function forgetCompanies({ admin }: Pick<Fleet, 'admin'>): Promise<void> {
  await admin.query('set session_replication_role = replica')
  await admin.query('truncate companies cascade')
  await admin.query('reset session_replication_role')
}
