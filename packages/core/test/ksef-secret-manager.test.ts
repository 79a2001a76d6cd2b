import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Sealed } from '@ksef-fleet/ksef'
import { afterAll, describe, expect, test } from 'vitest'
import { FleetError } from '../src/errors.ts'
import { CompanyId, CredentialId } from '../src/identifiers.ts'
import type { Credential } from '../src/integrations/integration.ts'
import {
  type CredentialSecret,
  createKsefSecretManager,
  type SecretOwner,
} from '../src/secrets/ksef-secret-manager.ts'
import { localSecretStore } from '../src/secrets/local-secret-store.ts'
import { createSealer } from '../src/secrets/sealer.ts'
import type { SecretStore } from '../src/secrets/secret-store.ts'

const CANARY = 'canary-0f5e9a'
const OWNER: SecretOwner = {
  companyId: CompanyId.parse(randomUUID()),
  context: { type: 'Nip', value: '5265877635' },
}
const TOKEN: CredentialSecret = { kind: 'token', token: new Sealed(CANARY) }

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The local store, with its questions counted; down is a folder that is no folder for a while. */
function countedStore() {
  const root = mkdtempSync(join(tmpdir(), 'secrets-'))
  folders.push(root)
  const [directory, away] = [join(root, 'here'), join(root, 'away')]
  const real = localSecretStore({
    directory,
    sealer: createSealer(randomBytes(32), randomBytes),
    randomBytes,
  })
  const state = { gets: 0 }
  const store: SecretStore = {
    ...real,
    get(ref) {
      state.gets++
      return real.get(ref)
    },
  }
  const goDown = () => {
    renameSync(directory, away)
    writeFileSync(directory, '')
  }
  const comeBack = () => {
    rmSync(directory)
    renameSync(away, directory)
  }
  return { store, state, goDown, comeBack }
}

async function stage() {
  const counted = countedStore()
  const clock = { at: new Date('2026-11-22T12:00:00Z') }
  const secrets = createKsefSecretManager({ store: counted.store, namePrefix: 'fleet', now: () => clock.at })
  const id = CredentialId.parse(randomUUID())
  const credential: Credential = {
    id,
    companyId: OWNER.companyId,
    kind: 'token',
    secretRef: await secrets.storeSecret(id, OWNER, TOKEN),
    version: 1,
    serialNumber: null,
    fingerprint: null,
    subject: null,
    notBefore: null,
    notAfter: null,
    state: 'active',
    createdAt: clock.at,
  }
  return { ...counted, clock, secrets, credential }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  )

describe('a secret', () => {
  test('comes back as it was stored, and prints as sealed', async () => {
    const { secrets, credential } = await stage()
    const secret = await secrets.getSecret(credential, OWNER)
    expect(secret.kind === 'token' && secret.token.reveal()).toBe(CANARY)
    expect(inspect(secret, { depth: 9 }) + JSON.stringify(secret)).not.toContain(CANARY)
  })

  test('is fetched once, however many ask at the same time, and again after five minutes', async () => {
    const { secrets, credential, state, clock } = await stage()
    await Promise.all(Array.from({ length: 200 }, () => secrets.getSecret(credential, OWNER)))
    expect(state.gets).toBe(1)
    clock.at = new Date(clock.at.getTime() + 299_000)
    await secrets.getSecret(credential, OWNER)
    expect(state.gets).toBe(1)
    clock.at = new Date(clock.at.getTime() + 1_000)
    await secrets.getSecret(credential, OWNER)
    expect(state.gets).toBe(2)
  })

  test('whose store fails is asked for again by the next caller: a failure is never cached', async () => {
    const { secrets, credential, state, goDown, comeBack } = await stage()
    goDown()
    const failures = await Promise.all([1, 2, 3].map(() => failureOf(secrets.getSecret(credential, OWNER))))
    for (const failure of failures) expect(failure).toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    expect(state.gets).toBe(1)
    comeBack()
    await expect(secrets.getSecret(credential, OWNER)).resolves.toMatchObject({ kind: 'token' })
  })

  test('that is warm goes on serving while the store is down', async () => {
    const { secrets, credential, goDown } = await stage()
    await secrets.getSecret(credential, OWNER)
    goDown()
    await expect(secrets.getSecret(credential, OWNER)).resolves.toMatchObject({ kind: 'token' })
  })

  test.each([
    ['another company', { ...OWNER, companyId: CompanyId.parse(randomUUID()) }],
    ['another NIP', { ...OWNER, context: { type: 'Nip', value: '1234563218' } }],
    ['another kind of context', { ...OWNER, context: { type: 'InternalId', value: '5265877635' } }],
  ] as const)('of %s is refused, whatever the database says', async (_, foreign) => {
    const { secrets, credential } = await stage()
    const failure = await failureOf(secrets.getSecret(credential, foreign))
    expect(failure).toBeInstanceOf(FleetError)
    expect(failure).toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    expect(inspect(failure, { depth: 9 })).not.toContain(CANARY)
  })

  test.each([
    ['no JSON', `{"secret": "${CANARY}`],
    ['JSON of another form', JSON.stringify({ token: CANARY })],
    ['another kind', JSON.stringify({ ...OWNER, secret: { kind: 'password', token: CANARY } })],
    ['empty', ''],
  ])('that is %s is refused without a word of it in the error', async (_, text) => {
    const { secrets, credential, store } = await stage()
    await store.put(credential.secretRef, text)
    const failure = await failureOf(secrets.getSecret(credential, OWNER))
    expect(failure).toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    const cause = failure instanceof Error ? failure.stack : ''
    expect(inspect(failure, { depth: 9, showHidden: true }) + cause).not.toContain('canary')
  })

  test('that was erased is gone at once, cached or not', async () => {
    const { secrets, credential } = await stage()
    await secrets.getSecret(credential, OWNER)
    await secrets.eraseSecret(credential.secretRef)
    expect(await failureOf(secrets.getSecret(credential, OWNER))).toMatchObject({
      code: 'SECRET_UNAVAILABLE',
    })
  })

  test('stored anew replaces the cached one at once', async () => {
    const { secrets, credential } = await stage()
    await secrets.getSecret(credential, OWNER)
    await secrets.storeSecret(credential.id, OWNER, { kind: 'token', token: new Sealed('newer') })
    const secret = await secrets.getSecret(credential, OWNER)
    expect(secret.kind === 'token' && secret.token.reveal()).toBe('newer')
  })
})
