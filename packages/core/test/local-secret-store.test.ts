import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { localSecretStore } from '../src/secrets/local-secret-store.ts'
import { createSealer } from '../src/secrets/sealer.ts'
import { SecretStoreError } from '../src/secrets/secret-store.ts'
import { CANARY, failureOf, promisesOf, secretOf } from './secret-store-promises.ts'

const WRITER = fileURLToPath(new URL('secret-writer.ts', import.meta.url))
const NAME = 'fleet/company/credential'
const KILLS = 5

let directory: string
let masterKey: Buffer
const storeUnder = (key: Buffer) =>
  localSecretStore({ directory, sealer: createSealer(key, randomBytes), randomBytes })
const folderOf = (name: string) => join(directory, createHash('sha256').update(name).digest('hex'))
const filesOf = (name: string) => readdirSync(folderOf(name)).toSorted()

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'))
  masterKey = randomBytes(32)
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('the local secret store', () => {
  promisesOf(() => storeUnder(masterKey))

  test('leaves nothing in its folder of an erased version, and nothing at all of an erased secret', async () => {
    const store = storeUnder(masterKey)
    const [one, two] = [secretOf('one', 1, 'current'), secretOf('two', 2)]
    await store.put(NAME, one)
    await store.put(NAME, two)
    writeFileSync(join(folderOf(NAME), `${two.version}.00ff00ff00ff00ff.part`), 'left by a kill')
    await store.eraseVersion(NAME, two.version)
    expect(filesOf(NAME)).toEqual([one.version, 'current'].toSorted())
    await store.erase(NAME)
    expect(readdirSync(directory)).toEqual([])
  })

  test('shows in its folder neither names nor values, to nobody but its owner', async () => {
    await storeUnder(masterKey).put(NAME, secretOf(CANARY, 1, 'current'))
    for (const file of filesOf(NAME)) {
      const path = join(folderOf(NAME), file)
      for (const planted of ['company', CANARY, 'fleet-v1'])
        expect(path.slice(directory.length) + readFileSync(path, 'utf8')).not.toContain(planted)
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
    expect(statSync(folderOf(NAME)).mode & 0o777).toBe(0o700)
  })

  test('killed amid writing leaves whole versions and one that is current, and goes on from there', async () => {
    const store = storeUnder(masterKey)
    const first = secretOf('0:first', 0, 'current')
    await store.put(NAME, first)
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = spawn(process.execPath, [WRITER, directory, masterKey.toString('hex'), NAME])
      await once(writer.stdout, 'data')
      await sleep(5 + kill * 7)
      writer.kill('SIGKILL')
      await once(writer, 'exit')
      const all = await store.versions(NAME)
      for (const { version } of all) {
        const value = (await store.get(NAME, version))?.value ?? ''
        expect(createHash('sha256').update(value).digest('hex'), 'each is whole').toBe(version)
      }
      const current = all.filter(({ stages }) => stages.includes('current'))
      expect(current).toHaveLength(1)
      const next = secretOf(`after kill ${kill}`, kill)
      await store.put(NAME, next)
      await store.promote(NAME, next.version)
      expect((await store.get(NAME, next.version))?.stages).toEqual(['current'])
    }
    await store.erase(NAME)
    expect(readdirSync(directory), 'what a kill left behind goes with the secret').toEqual([])
  }, 60_000)

  test('killed between a version and its label is mended by the same write', async () => {
    const store = storeUnder(masterKey)
    const [one, two] = [secretOf('one', 1, 'current'), secretOf('two', 2)]
    await store.put(NAME, one)
    await store.put(NAME, two)
    rmSync(join(folderOf(NAME), 'pending'))
    expect((await store.get(NAME, two.version))?.stages).toEqual([])
    await store.put(NAME, two)
    expect((await store.get(NAME, two.version))?.stages).toEqual(['pending'])
  })

  test('takes many writers at once: every version and every other secret is there, and one is pending', async () => {
    const store = storeUnder(masterKey)
    const all = Array.from({ length: 60 }, (_, n) => secretOf(`value ${n}`, n))
    await Promise.all(
      all.map((one, n) => Promise.all([store.put(NAME, one), store.put(`${NAME}/${n}`, one)])),
    )
    const stored = await store.versions(NAME)
    expect(stored.map(({ version }) => version).toSorted()).toEqual(
      all.map(({ version }) => version).toSorted(),
    )
    expect(stored.filter(({ stages }) => stages.includes('pending'))).toHaveLength(1)
    for (const [n, one] of all.entries())
      expect((await store.get(`${NAME}/${n}`, one.version))?.value).toBe(one.value)
    expect(readdirSync(directory)).toHaveLength(61)
  })

  test('takes two promoters at once: one of their versions is current', async () => {
    const store = storeUnder(masterKey)
    const all = [secretOf('one', 1, 'current'), secretOf('two', 2), secretOf('three', 3)]
    for (const one of all) await store.put(NAME, one)
    await Promise.all(all.slice(1).map(({ version }) => store.promote(NAME, version)))
    const current = (await store.versions(NAME)).filter(({ stages }) => stages.includes('current'))
    expect(current).toHaveLength(1)
    expect(current[0]?.mark).not.toBe(all[0]?.mark)
  })

  test('under another master key says so, and not what it holds', async () => {
    const one = secretOf(CANARY)
    await storeUnder(masterKey).put(NAME, one)
    const failure = await failureOf(storeUnder(randomBytes(32)).get(NAME, one.version))
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(failure).toMatchObject({ kind: 'broken' })
    expect(String(failure)).toContain('another master key')
    expect(String(failure)).not.toContain(CANARY)
  })

  test('does not open a file that was put under another secret’s name, or another version’s', async () => {
    const store = storeUnder(masterKey)
    const [one, two] = [secretOf(CANARY), secretOf('two', 2)]
    await store.put(NAME, one)
    await store.put(NAME, two)
    await store.put(`${NAME}/other`, one)
    const stolen = readFileSync(join(folderOf(NAME), two.version))
    writeFileSync(join(folderOf(NAME), one.version), stolen)
    writeFileSync(join(folderOf(`${NAME}/other`), one.version), stolen)
    await expect(store.get(NAME, one.version)).rejects.toThrow('was altered')
    await expect(store.get(`${NAME}/other`, one.version)).rejects.toThrow('was altered')
  })

  test('reads no file outside its folder, whatever the version is called', async () => {
    const store = storeUnder(masterKey)
    await store.put(NAME, secretOf(CANARY))
    const other = secretOf('other')
    await store.put(`${NAME}/other`, other)
    const foreign = `../${folderOf(`${NAME}/other`).slice(directory.length + 1)}/${other.version}`
    expect(await store.get(NAME, foreign)).toBeNull()
    await store.eraseVersion(NAME, foreign)
    expect((await store.get(`${NAME}/other`, other.version))?.value).toBe('other')
    expect(await failureOf(store.put(NAME, { ...other, version: foreign }))).toMatchObject({ kind: 'broken' })
  })

  test('in a folder that cannot be made passes with a code, and without a path', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const sealer = createSealer(masterKey, randomBytes)
    const store = localSecretStore({ directory: join(file, 'below'), sealer, randomBytes })
    const failure = await failureOf(store.put(NAME, secretOf(CANARY)))
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(failure).toMatchObject({ kind: 'passes' })
    expect(String(failure)).toMatch(/ENOTDIR|EEXIST/)
    expect(String(failure)).not.toContain(directory)
  })
})
