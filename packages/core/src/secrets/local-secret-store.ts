/**
 * Secrets in a folder of sealed files, one a secret, for development and small self-hosting. Each value is sealed for its
 * name. A write goes to a file of its own that is flushed and renamed into place, so a kill leaves the old secret or the
 * new one, never half, and writers of different secrets never meet: no lock is needed.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
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
      const sealed = deps.sealer.seal(Buffer.from(value, 'utf8'), ['secret', name])
      await translated(() => writeFlushed(next, sealed))
      await translated(() => rename(next, fileOf(name)))
      await translated(() => flushDirectory(deps.directory))
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
      await translated(async () => {
        const names = await namesIn(deps.directory)
        // A kill amid a write leaves a file of its own behind, with the secret in it.
        const own = names.filter((name) => join(deps.directory, name).startsWith(fileOf(ref)))
        for (const name of own) await rm(join(deps.directory, name), { force: true })
      })
    },
  }
}

async function writeFlushed(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** The new name, too, must survive a loss of power. */
async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
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
