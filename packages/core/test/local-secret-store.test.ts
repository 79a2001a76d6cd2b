import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { localSecretStore } from '../src/secrets/local-secret-store.ts'
import { createSealer } from '../src/secrets/sealer.ts'
import { SecretStoreError } from '../src/secrets/secret-store.ts'

const WRITER = fileURLToPath(new URL('secret-writer.ts', import.meta.url))
const NAME = 'fleet/company/credential'
const CANARY = 'canary-77aa'
const KILLS = 5

let directory: string
let masterKey: Buffer
const storeUnder = (key: Buffer) =>
  localSecretStore({ directory, sealer: createSealer(key, randomBytes), randomBytes })

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'))
  masterKey = randomBytes(32)
})
afterEach(() => {
  chmodSync(directory, 0o700)
  rmSync(directory, { recursive: true })
})

describe('the local secret store', () => {
  test('gives back what was put, nothing for what was not, and nothing once erased', async () => {
    const store = storeUnder(masterKey)
    const ref = await store.put(NAME, CANARY)
    expect(await store.get(ref)).toBe(CANARY)
    expect(await store.get('fleet/company/other')).toBeNull()
    await store.erase(ref)
    await store.erase(ref)
    expect(await store.get(ref)).toBeNull()
    expect(readdirSync(directory)).toEqual([])
  })

  test('shows in its folder neither names nor values, to nobody but its owner', async () => {
    await storeUnder(masterKey).put(NAME, CANARY)
    const [file = ''] = readdirSync(directory)
    const content = readFileSync(join(directory, file), 'utf8')
    for (const text of [file, content])
      for (const planted of ['fleet', 'company', CANARY]) expect(text).not.toContain(planted)
    expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600)
  })

  test('killed amid writing leaves the old secret or the new one, never half of one', async () => {
    const store = storeUnder(masterKey)
    await store.put(NAME, '0:first')
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = spawn(process.execPath, [WRITER, directory, masterKey.toString('hex'), NAME])
      await once(writer.stdout, 'data')
      await sleep(5 + kill * 7)
      writer.kill('SIGKILL')
      await once(writer, 'exit')
      const value = await store.get(NAME)
      expect(value).toMatch(/^\d+:(first|x+)$/)
      if (!value?.endsWith('first')) expect(value).toHaveLength(200_000)
    }
    await store.erase(NAME)
    expect(readdirSync(directory), 'what a kill left behind goes with the secret').toEqual([])
  }, 60_000)

  test('takes many writers at once: the last whole value stands, and every other secret too', async () => {
    const store = storeUnder(masterKey)
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        Promise.all([store.put(NAME, `value ${n}`), store.put(`${NAME}/${n}`, `own ${n}`)]),
      ),
    )
    expect(await store.get(NAME)).toMatch(/^value \d+$/)
    for (let n = 0; n < 60; n++) expect(await store.get(`${NAME}/${n}`)).toBe(`own ${n}`)
    expect(readdirSync(directory)).toHaveLength(61)
  })

  test('under another master key says so, and not what it holds', async () => {
    const ref = await storeUnder(masterKey).put(NAME, CANARY)
    const failure = await storeUnder(randomBytes(32))
      .get(ref)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(String(failure)).toContain('another master key')
    expect(String(failure)).not.toContain(CANARY)
  })

  test('does not open a file that was put under another secret’s name', async () => {
    const store = storeUnder(masterKey)
    await store.put(NAME, CANARY)
    const [own = ''] = readdirSync(directory)
    await store.put(`${NAME}/other`, 'other')
    const foreign = readdirSync(directory).find((file) => file !== own) ?? ''
    writeFileSync(join(directory, foreign), readFileSync(join(directory, own)))
    await expect(store.get(`${NAME}/other`)).rejects.toThrow('was altered')
  })

  test('in a folder that cannot be made fails with a code, and without a path', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const sealer = createSealer(masterKey, randomBytes)
    const store = localSecretStore({ directory: join(file, 'below'), sealer, randomBytes })
    const failure = await store.put(NAME, CANARY).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(String(failure)).toMatch(/ENOTDIR|EEXIST/)
    expect(String(failure)).not.toContain(directory)
  })
})
