/** Credentials, versions and a manager over a store, for tests that need no database. */
import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { Sealed } from '@ksef-fleet/ksef'
import { expect } from 'vitest'
import type { Credential, CredentialVersion, VersionState } from '../src/credentials/credential.ts'
import { CompanyId, CredentialId } from '../src/identifiers.ts'
import type { CredentialSecret } from '../src/secrets/credential-secret.ts'
import { createKsefSecretManager } from '../src/secrets/ksef-secret-manager.ts'
import type { SecretAlarm } from '../src/secrets/label-faults.ts'
import type { SecretAccess } from '../src/secrets/secret-access.ts'
import type { SecretBus } from '../src/secrets/secret-bus.ts'
import type { SecretStore } from '../src/secrets/secret-store.ts'
import type { FleetDatabase } from '../src/stores.ts'

export const CANARY = 'canary-0f5e9a-77'
export const START = new Date('2026-11-22T12:00:00Z')

export const tokenOf = (text: string): CredentialSecret => ({ kind: 'token', token: new Sealed(text) })
export const certificateOf = (key: string): CredentialSecret => ({
  kind: 'certificate',
  certificatePem: 'a certificate',
  privateKeyPem: new Sealed(key),
})
export const keyOf = (key: string): CredentialSecret => ({ kind: 'key', privateKeyPem: new Sealed(key) })

const noDatabase: FleetDatabase = {
  withCompany: () => Promise.reject(new Error('no database here')),
  readCompany: () => Promise.reject(new Error('no database here')),
  asSystem: () => Promise.reject(new Error('no database here')),
}

/** A manager over the store, with a clock to move and everything written down that it tells. */
export function managerOver(store: SecretStore, more: { bus?: SecretBus } = {}) {
  const clock = { at: START }
  const accesses: SecretAccess[] = []
  const alarms: SecretAlarm[] = []
  const secrets = createKsefSecretManager({
    store,
    namePrefix: 'fleet-test',
    db: noDatabase,
    now: () => clock.at,
    onAccess: (access) => accesses.push(access),
    onAlarm: (alarm) => alarms.push(alarm),
    ...more,
  })
  const pass = (ms: number) => {
    clock.at = new Date(clock.at.getTime() + ms)
  }
  return { secrets, clock, pass, accesses, alarms }
}

export type Stage = ReturnType<typeof managerOver>

export function newCredential(
  { secrets }: Pick<Stage, 'secrets'>,
  more: Partial<Credential> = {},
): Credential {
  const id = CredentialId.parse(randomUUID())
  const companyId = more.companyId === undefined ? CompanyId.parse(randomUUID()) : more.companyId
  return {
    id,
    companyId,
    environment: 'test',
    name: 'a credential',
    kind: 'token',
    context: { type: 'Nip', value: '5265877635' },
    secretRef: secrets.newSecretRef(companyId, id),
    state: 'active',
    autoRenew: false,
    createdAt: START,
    endedAt: null,
    ...more,
  }
}

export function versionOf(
  credential: Credential,
  secretVersion: string | null,
  more: { number?: number; state?: VersionState } = {},
): CredentialVersion {
  return {
    credentialId: credential.id,
    number: 1,
    state: 'active',
    origin: 'supplied',
    secretVersion,
    referenceNumber: null,
    serialNumber: null,
    fingerprint: null,
    subject: null,
    notBefore: null,
    notAfter: null,
    failure: null,
    nextStepAt: null,
    tries: 0,
    nextNoticeAt: null,
    createdAt: START,
    activatedAt: null,
    retiredAt: null,
    erasedAt: null,
    ...more,
  }
}

/** A stored token, version 1, current. */
export async function storedToken(stage: Stage, text = CANARY) {
  const credential = newCredential(stage)
  const secretVersion = await stage.secrets.storeSecret(credential, {
    number: 1,
    secret: tokenOf(text),
    stage: 'current',
  })
  return { credential, version: versionOf(credential, secretVersion), secretVersion }
}

export const reveal = (secret: CredentialSecret | null): string | null =>
  secret === null ? null : secret.kind === 'token' ? secret.token.reveal() : secret.privateKeyPem.reveal()

/** The code of the error, after a look whether any of the secret is in it. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    const stack = error instanceof Error ? error.stack : ''
    expect(inspect(error, { depth: 9, showHidden: true }) + stack).not.toContain(CANARY)
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
  return 'no error'
}
