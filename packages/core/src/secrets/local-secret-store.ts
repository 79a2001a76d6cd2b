/**
 * Secrets in a folder of sealed files, one a secret, for development and small self-hosting. Each value is sealed for its
 * name. A write goes to a file of its own that is flushed and renamed into place, so a kill leaves the old secret or the
 * new one, never half, and writers of different secrets never meet: no lock is needed.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sealer } from './sealer.ts'
import { type SecretStore, SecretStoreError } from './secret-store.ts'

export function localSecretStore(deps: {
  directory: string
  sealer: Sealer
  randomBytes: (length: number) => Uint8Array
}): SecretStore {
  const fileOf = (name: string) => join(deps.directory, createHash('sha256').update(name).digest('hex'))
  return {
    async put(name, value) {
      await translated(() => mkdir(deps.directory, { recursive: true, mode: 0o700 }))
      const next = `${fileOf(name)}.${Buffer.from(deps.randomBytes(8)).toString('hex')}`
      await translated(() =>
        writeFlushed(next, deps.sealer.seal(Buffer.from(value, 'utf8'), ['secret', name])),
      )
      await translated(() => rename(next, fileOf(name)))
      return name
    },
    async get(ref) {
      const sealed = await translated(() => readIfThere(fileOf(ref)))
      if (sealed === null) return null
      const plain = deps.sealer.open(sealed, ['secret', ref])
      if (plain === null)
        throw new SecretStoreError('the secret was sealed under another master key, or was altered')
      return Buffer.from(plain).toString('utf8')
    },
    async erase(ref) {
      await translated(() => rm(fileOf(ref), { force: true }))
    },
  }
}

async function writeFlushed(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new SecretStoreError(`the folder of secrets cannot be used: ${codeOf(error)}`)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
