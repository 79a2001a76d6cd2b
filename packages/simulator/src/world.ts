import path from 'node:path'
import { endInterrupted } from './batch/processing.ts'
import { type BearerTokens, createBearerTokens } from './bearer-tokens.ts'
import { createIssuingAuthority, type IssuingAuthority } from './certificates/issuing-authority.ts'
import type { Clock } from './clock.ts'
import { schemaFolder } from './config.ts'
import { createFaults, type Faults } from './control/faults.ts'
import { createLedger, type Ledger } from './control/ledger.ts'
import { createLighthouse, type Lighthouse } from './control/lighthouse.ts'
import { createMisbehaviours, type Misbehaviours } from './control/misbehaviours.ts'
import { createOutcomes, type Outcomes } from './control/outcomes.ts'
import { createSchemaValidation, type SchemaValidation } from './invoice/schema-validation.ts'
import { createJobQueue, type JobQueue } from './job-queue.ts'
import { createKsefNumbering } from './ksef-number.ts'
import { type Allowances, createAllowances } from './limits/allowances.ts'
import { createRateLimiter, type RateLimiter } from './limits/rate-limiter.ts'
import { createRandomness, type Randomness } from './randomness.ts'
import type { Settings } from './settings.ts'
import { createSpool, type Spool } from './spool.ts'
import type { Memory } from './state/memory.ts'
import { createStorageLinks, type StorageLinks } from './storage-links.ts'
import { type AttachmentConsents, createAttachmentConsents } from './stores/attachment-consents.ts'
import { type Authentications, createAuthentications } from './stores/authentications.ts'
import { type Authorizations, createAuthorizations } from './stores/authorizations.ts'
import { type Challenges, createChallenges } from './stores/challenges.ts'
import { createInvoiceExports, type InvoiceExports } from './stores/invoice-exports.ts'
import { createInvoiceRegister, type InvoiceRegister } from './stores/invoice-register.ts'
import { createKsefCertificates, type KsefCertificates } from './stores/ksef-certificates.ts'
import { createKsefTokens, type KsefTokens } from './stores/ksef-tokens.ts'
import { createMinistryKeys, type MinistryKeys } from './stores/ministry-keys.ts'
import type { PermissionOperationsState } from './stores/permission-operations.ts'
import { createPermissions, type Permissions } from './stores/permissions.ts'
import { createSessions, type Sessions } from './stores/sessions.ts'
import type { TestSubject } from './stores/test-subjects.ts'
import { createUpoLinks, type UpoLinks } from './upo-links.ts'
import { createRequestSchema, type RequestSchema } from './xades/request-schema.ts'

/** Everything one running simulator knows. Nothing is shared between two of them; what survives one lies in its state. */
export type World = {
  settings: Settings
  clock: Clock
  memory: Memory
  randomness: Randomness
  keys: MinistryKeys
  challenges: Challenges
  authentications: Authentications
  bearerTokens: BearerTokens
  ksefTokens: KsefTokens
  requestSchema: RequestSchema
  permissions: Permissions
  ksefCertificates: KsefCertificates
  issuingAuthority: IssuingAuthority
  /** Outcomes armed through the control plane. */
  outcomes: Outcomes
  /** Grants and revocations on their way, by reference number. */
  permissionOperations: PermissionOperationsState
  /** Entities that test data made, by NIP. */
  testSubjects: Map<string, TestSubject>
  /** Contexts that may not sign in (status 480), as `type:value`. */
  blockedContexts: Set<string>
  /** Limits of requests, sessions and certificates, as published or as a test set them. */
  allowances: Allowances
  rateLimiter: RateLimiter
  attachmentConsents: AttachmentConsents
  authorizations: Authorizations
  /** Files of packages on their way. */
  spool: Spool
  storageLinks: StorageLinks
  /** Batches are processed one after another. */
  batchQueue: JobQueue
  /** So are exports. */
  exportQueue: JobQueue
  exports: InvoiceExports
  sessions: Sessions
  register: InvoiceRegister
  nextKsefNumber: (sellerNip: string, invoicingDate: Date) => string
  validateSchema: SchemaValidation
  upoLinks: UpoLinks
  faults: Faults
  misbehaviours: Misbehaviours
  lighthouse: Lighthouse
  /** Every operation this server speaks or names as missing: `METHOD /path`. */
  operations: Set<string>
  ledger: Ledger
}

/** Beside the official OpenAPI file lie the official schemas. */
const officialSchemas = ({ contractFile }: Settings): string | undefined =>
  contractFile === undefined ? undefined : path.join(path.dirname(contractFile), 'schemas')

export async function createWorld(settings: Settings, clock: Clock, memory: Memory): Promise<World> {
  const { state } = memory
  const randomness = createRandomness(state.randomness)
  endInterrupted(state.sessions.values(), clock.now())
  const chance = { clock, randomness }
  const misbehaviours = createMisbehaviours(randomness)
  return {
    settings,
    clock,
    memory,
    randomness,
    validateSchema: createSchemaValidation(schemaFolder()),
    keys: await createMinistryKeys(clock, state.ministryKeys),
    challenges: createChallenges({ ...chance, lifeSeconds: settings.challengeSeconds }, state.challenges),
    authentications: createAuthentications(state.authentications),
    bearerTokens: createBearerTokens(clock, state.bearerSecret),
    ksefTokens: createKsefTokens(chance, state.ksefTokens),
    requestSchema: createRequestSchema(officialSchemas(settings)),
    permissions: createPermissions({ ...chance, testSubjects: state.testSubjects }, state.permissions),
    permissionOperations: state.permissionOperations,
    ksefCertificates: createKsefCertificates({ clock, settings }, state.certificates),
    issuingAuthority: createIssuingAuthority(state.issuingAuthority),
    outcomes: createOutcomes(),
    testSubjects: state.testSubjects,
    blockedContexts: state.blockedContexts,
    allowances: createAllowances(
      { profile: settings.limits, sessionInvoicesMax: settings.sessionInvoicesMax },
      state.allowances,
    ),
    rateLimiter: createRateLimiter(clock),
    attachmentConsents: createAttachmentConsents(clock.now, state.attachmentConsents),
    authorizations: createAuthorizations(state.authorizations),
    spool: createSpool(),
    storageLinks: createStorageLinks(clock),
    batchQueue: createJobQueue(),
    exportQueue: createJobQueue(),
    exports: createInvoiceExports(state.exports, clock.now()),
    sessions: createSessions(state.sessions, () => misbehaviours.strike('session-status')),
    register: createInvoiceRegister(state.register, memory.keepDocument),
    nextKsefNumber: createKsefNumbering(
      randomness,
      state.numbering,
      () => misbehaviours.strike('ksef-number-with-wrong-crc') !== undefined,
    ),
    upoLinks: createUpoLinks(clock, settings.upoLinkSeconds, state.linkSecret),
    faults: createFaults(settings.initialFaults, randomness),
    misbehaviours,
    lighthouse: createLighthouse(),
    operations: new Set(),
    ledger: createLedger(state.ledger),
  }
}
