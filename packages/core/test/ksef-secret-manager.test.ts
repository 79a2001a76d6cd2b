import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import type { Credential } from '../src/credentials/credential.ts'
import { CompanyId, CredentialId } from '../src/identifiers.ts'
import { versionIdOf } from '../src/secrets/credential-secret.ts'
import { localSecretStore } from '../src/secrets/local-secret-store.ts'
import { createSealer } from '../src/secrets/sealer.ts'
import type { SecretBus, SecretChange } from '../src/secrets/secret-bus.ts'
import {
  CANARY,
  certificateOf,
  codeOf,
  keyOf,
  managerOver,
  newCredential,
  reveal,
  storedToken,
  tokenOf,
  versionOf,
} from './secret-stage.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A manager over a folder that can go away for a while. */
function stageIt(more: Parameters<typeof managerOver>[1] = {}) {
  const root = mkdtempSync(join(tmpdir(), 'secrets-'))
  folders.push(root)
  const [directory, away] = [join(root, 'here'), join(root, 'away')]
  const store = localSecretStore({
    directory,
    sealer: createSealer(randomBytes(32), randomBytes),
    randomBytes,
  })
  const goDown = () => {
    renameSync(directory, away)
    writeFileSync(directory, '')
  }
  const comeBack = () => {
    rmSync(directory)
    renameSync(away, directory)
  }
  return { ...managerOver(store, more), store, goDown, comeBack }
}

const MINUTE = 60_000

describe('a secret', () => {
  test.each([
    ['token', tokenOf(CANARY), CANARY],
    ['certificate', certificateOf(CANARY), CANARY],
  ] as const)('of a %s comes back as it was stored, and prints as sealed', async (kind, secret, value) => {
    const stage = stageIt()
    const credential = newCredential(stage, { kind, context: null })
    const id = await stage.secrets.storeSecret(credential, { number: 1, secret, stage: 'current' })
    const read = await stage.secrets.getSecret(credential, versionOf(credential, id))
    expect(reveal(read)).toBe(value)
    const printed = [
      inspect(read, { depth: 9, showHidden: true }),
      JSON.stringify(read),
      `${Object.values(read)}`,
    ]
    for (const text of printed) {
      expect(text).not.toContain(CANARY)
      expect(text).toContain('[sealed]')
    }
  })

  test('is fetched once, however many ask at the same time, and again after five minutes', async () => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    await Promise.all(Array.from({ length: 200 }, () => stage.secrets.getSecret(credential, version)))
    expect(stage.secrets.figures()).toMatchObject({ calls: 1 })
    stage.pass(5 * MINUTE - 1)
    await stage.secrets.getSecret(credential, version)
    expect(stage.secrets.figures()).toMatchObject({ calls: 1, hits: 1 })
    stage.pass(1)
    await stage.secrets.getSecret(credential, version)
    expect(stage.secrets.figures()).toMatchObject({ calls: 2, hits: 1, bridged: 0 })
  })

  test('whose store fails is asked for again by the next caller: a failure is never cached', async () => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    stage.goDown()
    const codes = await Promise.all([1, 2, 3].map(() => codeOf(stage.secrets.getSecret(credential, version))))
    expect(codes).toEqual(['SECRET_UNAVAILABLE', 'SECRET_UNAVAILABLE', 'SECRET_UNAVAILABLE'])
    expect(stage.secrets.figures().calls).toBe(1)
    stage.comeBack()
    expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
  })

  test('that is warm bridges an outage of an hour, and not a minute more', async () => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    await stage.secrets.getSecret(credential, version)
    stage.goDown()
    stage.pass(59 * MINUTE)
    expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
    expect(stage.secrets.figures()).toMatchObject({ bridged: 1, calls: 2 })
    await stage.secrets.getSecret(credential, version)
    expect(stage.secrets.figures().calls, 'a store that is away is not asked by every caller').toBe(2)
    stage.pass(MINUTE)
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_UNAVAILABLE')
  })

  test('of fifty credentials bridge an outage for one question to the store, not for one each', async () => {
    const stage = stageIt()
    const stored = await Promise.all(Array.from({ length: 50 }, () => storedToken(stage)))
    for (const { credential, version } of stored) await stage.secrets.getSecret(credential, version)
    stage.goDown()
    stage.pass(10 * MINUTE)
    for (const { credential, version } of stored)
      expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
    expect(stage.secrets.figures()).toMatchObject({ bridged: 50, calls: 51 })
    stage.comeBack()
    stage.pass(MINUTE)
    for (const { credential, version } of stored) await stage.secrets.getSecret(credential, version)
    expect(stage.secrets.figures()).toMatchObject({ bridged: 50, calls: 101 })
  })

  test('that the store says is gone serves nobody any more, however warm it was', async () => {
    const stage = stageIt()
    const { credential, version, secretVersion } = await storedToken(stage)
    await stage.secrets.getSecret(credential, version)
    await stage.store.eraseVersion(credential.secretRef, secretVersion)
    stage.pass(5 * MINUTE)
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_BROKEN')
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_BROKEN')
  })

  test('erased is gone at once, cached or not: one version, and the whole', async () => {
    const stage = stageIt()
    const { credential, version, secretVersion } = await storedToken(stage)
    const second = await stage.secrets.storeSecret(credential, {
      number: 2,
      secret: tokenOf('two'),
      stage: 'pending',
    })
    const successor = versionOf(credential, second, { number: 2, state: 'staged' })
    await stage.secrets.getSecret(credential, version)
    await stage.secrets.getSecret(credential, successor)
    await stage.secrets.eraseVersion(credential, secretVersion)
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_BROKEN')
    expect(reveal(await stage.secrets.getSecret(credential, successor))).toBe('two')
    await stage.secrets.eraseSecret(credential)
    expect(await codeOf(stage.secrets.getSecret(credential, successor))).toBe('SECRET_BROKEN')
  })

  test('erased while it is being fetched does not come back into the cache', async () => {
    const stage = stageIt()
    const { credential, version, secretVersion } = await storedToken(stage)
    const fetching = stage.secrets.getSecret(credential, version)
    stage.secrets.dropSecret(credential.id)
    await fetching
    await stage.store.eraseVersion(credential.secretRef, secretVersion)
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_BROKEN')
  })
})

describe('a secret that is not this credential’s', () => {
  const FOREIGN: [string, Partial<Credential>][] = [
    ['another company', { companyId: CompanyId.parse(randomUUID()) }],
    ['the provider', { companyId: null }],
    ['another NIP', { context: { type: 'Nip', value: '1234563218' } }],
    ['another kind of context', { context: { type: 'InternalId', value: '5265877635' } }],
    ['no context', { context: null }],
    ['another credential', { id: CredentialId.parse(randomUUID()) }],
    ['a certificate', { kind: 'certificate' }],
  ]
  test.each(FOREIGN)('but was stored for %s is refused, whatever the database says', async (_, foreign) => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    expect(await codeOf(stage.secrets.getSecret({ ...credential, ...foreign }, version))).toBe(
      'SECRET_BROKEN',
    )
  })

  test('but another version’s is refused', async () => {
    const stage = stageIt()
    const { credential, secretVersion } = await storedToken(stage)
    const wrong = versionOf(credential, secretVersion, { number: 2 })
    expect(await codeOf(stage.secrets.getSecret(credential, wrong))).toBe('SECRET_BROKEN')
  })

  test('but another company’s, by a wrong reference in the database, is refused', async () => {
    const stage = stageIt()
    const [own, other] = [await storedToken(stage), await storedToken(stage, 'other')]
    const misled = { ...own.credential, secretRef: other.credential.secretRef }
    const version = { ...own.version, secretVersion: other.secretVersion }
    expect(await codeOf(stage.secrets.getSecret(misled, version))).toBe('SECRET_BROKEN')
  })

  test.each([
    ['no JSON', `{"secret": "${CANARY}`],
    ['JSON of another form', JSON.stringify({ token: CANARY })],
    ['of a kind nobody knows', JSON.stringify({ secret: { kind: 'password', token: CANARY } })],
    ['empty', ''],
  ])('because it is %s is refused without a word of it in the error', async (_, value) => {
    const stage = stageIt()
    const credential = newCredential(stage)
    const id = versionIdOf(value)
    await stage.store.put(credential.secretRef, {
      value,
      version: id,
      mark: 'fleet-v1',
      stage: 'current',
      tags: {},
    })
    expect(await codeOf(stage.secrets.getSecret(credential, versionOf(credential, id)))).toBe('SECRET_BROKEN')
  })

  test('because none was stored yet is refused', async () => {
    const stage = stageIt()
    const credential = newCredential(stage)
    expect(await codeOf(stage.secrets.getSecret(credential, versionOf(credential, null)))).toBe(
      'SECRET_BROKEN',
    )
    expect(await codeOf(stage.secrets.getSecret(credential, versionOf(credential, '0'.repeat(64))))).toBe(
      'SECRET_BROKEN',
    )
  })
})

describe('a rotation', () => {
  test('stores the same secret for a number once, and another beside it', async () => {
    const stage = stageIt()
    const { credential, secretVersion } = await storedToken(stage)
    const store = (text: string) =>
      stage.secrets.storeSecret(credential, { number: 2, secret: tokenOf(text), stage: 'pending' })
    const two = await store('two')
    expect(await store('two')).toBe(two)
    const other = await store('the other two')
    expect(new Set([secretVersion, two, other]).size).toBe(3)
    for (const [id, text] of [
      [two, 'two'],
      [other, 'the other two'],
    ] as const) {
      const version = versionOf(credential, id, { number: 2, state: 'staged' })
      expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(text)
    }
  })

  test('reads a pending version while it is under way, and refuses one that is pending outside of it', async () => {
    const stage = stageIt()
    const { credential } = await storedToken(stage)
    const id = await stage.secrets.storeSecret(credential, {
      number: 2,
      secret: tokenOf('two'),
      stage: 'pending',
    })
    const staged = versionOf(credential, id, { number: 2, state: 'staged' })
    expect(reveal(await stage.secrets.getSecret(credential, staged))).toBe('two')
    stage.secrets.dropSecret(credential.id)
    const active = { ...staged, state: 'active' } as const
    expect(await codeOf(stage.secrets.getSecret(credential, active))).toBe('SECRET_BROKEN')
    expect(stage.alarms).toEqual([{ credentialId: credential.id, what: 'pending-outside-rotation' }])
    await stage.secrets.promoteSecret(credential, id)
    expect(reveal(await stage.secrets.getSecret(credential, active))).toBe('two')
  })

  test('alarms about a pending version that an earlier rotation left behind', async () => {
    const stage = stageIt()
    const { credential } = await storedToken(stage)
    const stageNumber = (number: number) =>
      stage.secrets.storeSecret(credential, { number, secret: tokenOf(`v${number}`), stage: 'pending' })
    await stageNumber(2)
    expect(stage.alarms).toEqual([])
    await stageNumber(3)
    expect(stage.alarms.map(({ what }) => what)).toEqual(['pending-left-behind'])
  })

  test('puts an enrolled certificate in the place of the key that waited for it', async () => {
    const stage = stageIt()
    const credential = newCredential(stage, { kind: 'certificate', context: null })
    const store = (
      secret: Parameters<typeof reveal>[0] & object,
      number: number,
      to: 'pending' | 'current',
    ) => stage.secrets.storeSecret(credential, { number, secret, stage: to })
    await store(certificateOf('first key'), 1, 'current')
    const key = await store(keyOf(CANARY), 2, 'pending')
    const waiting = versionOf(credential, key, { number: 2, state: 'requested' })
    expect(reveal(await stage.secrets.getSecret(credential, waiting))).toBe(CANARY)
    const done = await store(certificateOf(CANARY), 2, 'pending')
    const marks = (await stage.store.versions(credential.secretRef)).map(({ mark }) =>
      mark?.split('-', 3).join('-'),
    )
    expect(marks.toSorted()).toEqual(['fleet-v1-certificate', 'fleet-v2-certificate'])
    const staged = versionOf(credential, done, { number: 2, state: 'staged' })
    expect(reveal(await stage.secrets.getSecret(credential, staged))).toBe(CANARY)
    expect(stage.alarms).toEqual([])
  })

  test('never signs in with a key that has no certificate', async () => {
    const stage = stageIt()
    const credential = newCredential(stage, { kind: 'certificate', context: null })
    const id = await stage.secrets.storeSecret(credential, {
      number: 1,
      secret: keyOf(CANARY),
      stage: 'current',
    })
    expect(await codeOf(stage.secrets.getSecret(credential, versionOf(credential, id)))).toBe('SECRET_BROKEN')
  })
})

describe('news of a change', () => {
  /** One bus within this process, as Redis is one between processes. */
  function busOf(): SecretBus {
    const listeners: Parameters<SecretBus['listen']>[0][] = []
    return {
      publish: async (change) => {
        for (const one of listeners) one.changed(change)
      },
      listen: (listener) => void listeners.push(listener),
    }
  }

  test('makes every process read anew at once', async () => {
    const bus = busOf()
    const [stage, other] = [stageIt({ bus }), stageIt({ bus })]
    const told: SecretChange[] = []
    bus.listen({ changed: (change) => told.push(change), missed: () => {} })
    const here = await storedToken(stage)
    const there = await storedToken(other)
    await stage.secrets.getSecret(here.credential, here.version)
    await other.secrets.getSecret(there.credential, there.version)
    await stage.secrets.announceChange(there.credential.id)
    expect(told).toEqual([{ of: 'credential', id: there.credential.id }])
    await other.secrets.getSecret(there.credential, there.version)
    expect(other.secrets.figures().calls).toBe(2)
    await stage.secrets.getSecret(here.credential, here.version)
    expect(stage.secrets.figures().calls, 'other credentials stay cached').toBe(1)
  })

  test('that may have been missed makes the process read anew, and bridge an outage all the same', async () => {
    const bus = busOf()
    const listeners: Parameters<SecretBus['listen']>[0][] = []
    const stage = stageIt({ bus: { ...bus, listen: (listener) => void listeners.push(listener) } })
    const { credential, version } = await storedToken(stage)
    await stage.secrets.getSecret(credential, version)
    for (const { missed } of listeners) missed()
    stage.goDown()
    expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
    expect(stage.secrets.figures()).toMatchObject({ calls: 2, bridged: 1 })
  })
})

test('every access to the store is told, cached answers are not, and no word of a secret is in it', async () => {
  const stage = stageIt()
  const { credential, version, secretVersion } = await storedToken(stage)
  await stage.secrets.getSecret(credential, version)
  await stage.secrets.getSecret(credential, version)
  await stage.secrets.promoteSecret(credential, secretVersion)
  await stage.secrets.eraseSecret(credential)
  await codeOf(stage.secrets.getSecret(credential, version))
  expect(stage.accesses.map(({ action, outcome, errorCode }) => [action, outcome, errorCode])).toEqual([
    ['secret.store', 'ok', undefined],
    ['secret.read', 'ok', undefined],
    ['secret.promote', 'ok', undefined],
    ['secret.erase', 'ok', undefined],
    ['secret.read', 'failed', 'SECRET_BROKEN'],
  ])
  for (const access of stage.accesses)
    expect(access).toMatchObject({ credentialId: credential.id, companyId: credential.companyId })
  expect(inspect(stage.accesses, { depth: 9 })).not.toContain(CANARY)
})
