import { type BearerTokens, createBearerTokens } from './bearer-tokens.ts'
import type { Clock } from './clock.ts'
import { schemaFolder } from './config.ts'
import { createFaults, type Faults } from './control/faults.ts'
import { createLedger, type Ledger } from './control/ledger.ts'
import { createSchemaValidation, type SchemaValidation } from './invoice/schema-validation.ts'
import { createKsefNumbering } from './ksef-number.ts'
import type { Settings } from './settings.ts'
import { type Authentications, createAuthentications } from './stores/authentications.ts'
import { type Challenges, createChallenges } from './stores/challenges.ts'
import { createInvoiceRegister, type InvoiceRegister } from './stores/invoice-register.ts'
import { createKsefTokens, type KsefTokens } from './stores/ksef-tokens.ts'
import { createMinistryKeys, type MinistryKeys } from './stores/ministry-keys.ts'
import { createPermissions, type Permissions } from './stores/permissions.ts'
import { createSessions, type Sessions } from './stores/sessions.ts'
import { createUpoLinks, type UpoLinks } from './upo-links.ts'

/** Everything one running simulator knows. Nothing is shared between two of them, nothing survives them. */
export type World = {
  settings: Settings
  clock: Clock
  keys: MinistryKeys
  challenges: Challenges
  authentications: Authentications
  bearerTokens: BearerTokens
  ksefTokens: KsefTokens
  permissions: Permissions
  /** Test subjects by NIP (VAT groups and the like), with the NIPs of their subunits. */
  testSubjects: Map<string, string[]>
  /** Contexts that may not sign in (status 480), as `type:value`. */
  blockedContexts: Set<string>
  sessions: Sessions
  register: InvoiceRegister
  nextKsefNumber: (sellerNip: string, invoicingDate: Date) => string
  validateSchema: SchemaValidation
  upoLinks: UpoLinks
  faults: Faults
  /** Every operation this server speaks or names as missing: `METHOD /path`. */
  operations: Set<string>
  ledger: Ledger
}

export async function createWorld(settings: Settings, clock: Clock): Promise<World> {
  return {
    settings,
    clock,
    validateSchema: createSchemaValidation(schemaFolder()),
    keys: await createMinistryKeys(clock),
    challenges: createChallenges(clock, settings.challengeSeconds),
    authentications: createAuthentications(),
    bearerTokens: createBearerTokens(clock),
    ksefTokens: createKsefTokens(clock),
    permissions: createPermissions(clock),
    testSubjects: new Map(),
    blockedContexts: new Set(),
    sessions: createSessions(),
    register: createInvoiceRegister(),
    nextKsefNumber: createKsefNumbering(),
    upoLinks: createUpoLinks(clock, settings.upoLinkSeconds),
    faults: createFaults(settings.initialFaults),
    operations: new Set(),
    ledger: createLedger(),
  }
}
