import { randomBytes } from 'node:crypto'
import type { AuthorityState } from '../certificates/issuing-authority.ts'
import type { ClockState } from '../clock.ts'
import type { LedgerState } from '../control/ledger.ts'
import type { NumberingState } from '../ksef-number.ts'
import type { AllowancesState } from '../limits/allowances.ts'
import { freshRandomness, type RandomnessState } from '../randomness.ts'
import type { AttachmentConsentsState } from '../stores/attachment-consents.ts'
import type { Authentication } from '../stores/authentications.ts'
import type { Challenge } from '../stores/challenges.ts'
import type { InvoiceExport } from '../stores/invoice-exports.ts'
import type { RegisterState } from '../stores/invoice-register.ts'
import type { CertificatesState } from '../stores/ksef-certificates.ts'
import type { KsefToken } from '../stores/ksef-tokens.ts'
import type { MinistryKeysState } from '../stores/ministry-keys.ts'
import type { PermissionOperationsState } from '../stores/permission-operations.ts'
import type { PermissionsState } from '../stores/permissions.ts'
import type { SendingSession } from '../stores/sessions.ts'
import type { TestSubject } from '../stores/test-subjects.ts'

/**
 * Everything a simulator must remember, as plain data (no functions, no key objects): stores are functions over
 * these containers, so that the whole world can be written down and read back at once. Faults, open calls and
 * rate-limit windows are not among it: a restart ends them.
 */
export type WorldState = {
  clock: ClockState
  randomness: RandomnessState
  bearerSecret: Uint8Array
  linkSecret: Uint8Array
  ministryKeys: MinistryKeysState
  challenges: Map<string, Challenge>
  authentications: Map<string, Authentication>
  ksefTokens: Map<string, KsefToken>
  permissions: PermissionsState
  certificates: CertificatesState
  issuingAuthority: AuthorityState
  permissionOperations: PermissionOperationsState
  testSubjects: Map<string, TestSubject>
  blockedContexts: Set<string>
  attachmentConsents: AttachmentConsentsState
  authorizations: Set<string>
  allowances: AllowancesState
  sessions: Map<string, SendingSession>
  exports: Map<string, InvoiceExport>
  register: RegisterState
  numbering: NumberingState
  ledger: LedgerState
}

/** The state of a simulator that nobody has called yet. */
export function freshState(seed?: string): WorldState {
  return {
    clock: { offsetMs: 0 },
    randomness: freshRandomness(seed),
    bearerSecret: randomBytes(32),
    linkSecret: randomBytes(32),
    ministryKeys: { rotations: 0, keys: [] },
    challenges: new Map(),
    authentications: new Map(),
    ksefTokens: new Map(),
    permissions: { grants: [], people: new Map() },
    certificates: { certificates: new Map(), enrollments: new Map() },
    issuingAuthority: {},
    permissionOperations: new Map(),
    testSubjects: new Map(),
    blockedContexts: new Set(),
    attachmentConsents: new Map(),
    authorizations: new Set(),
    allowances: { tables: new Map(), contexts: new Map(), subjects: new Map() },
    sessions: new Map(),
    exports: new Map(),
    register: { byKey: new Map(), byKsefNumber: new Map() },
    numbering: { issued: 0 },
    ledger: { decisions: [], posts: new Map(), operations: new Map() },
  }
}
