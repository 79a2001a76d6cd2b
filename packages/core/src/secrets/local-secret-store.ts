/**
 * Secrets in a folder of sealed files, for development and small self-hosting. A secret is a folder, each version a file
 * that is written once, and the labels are two small files, `pending` and `current`; `current` remembers the previous one.
 * Everything is sealed for its name and version. Files are whole or not there (`durable-files.ts`), so a kill at any point
 * leaves the old state or the new one, and writers of different versions never meet: no lock is needed. Two processes that
 * promote different versions at once leave the later one `current`; which one signs in is the database's to say.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { codeOf, type DurableFiles, durableFiles, isLeftOverOf } from './durable-files.ts'
import type { Sealer } from './sealer.ts'
import { type SecretStage, type SecretStore, SecretStoreError } from './secret-store.ts'

const VERSION = /^[0-9a-f-]{32,64}$/

const Kept = z.object({ value: z.string(), mark: z.string() })
const Pending = z.object({ version: z.string() })
const Current = z.object({ version: z.string(), previous: z.string().nullable() })

/** @param deps.directory must lie on a file system with hard links, as all usual ones of Linux and macOS */
export function localSecretStore(deps: {
  directory: string
  sealer: Sealer
  randomBytes: (length: number) => Uint8Array
}): SecretStore {
  const files = durableFiles(deps)
  const folderOf = (name: string) => secretFolder({ ...deps, files }, name)

  return {
    put: (name, { version, value, mark, stage }) =>
      translated(async () => {
        if (!VERSION.test(version)) throw new SecretStoreError('broken', 'a version id of another form')
        const folder = folderOf(name)
        const isNew = await folder.create(version, Kept, { value, mark })
        if (!isNew && (await folder.read(version, Kept))?.value !== value)
          throw new SecretStoreError('broken', 'this version stands for another value already')
        // A kill after the line above leaves a version without a label; the same write again mends it.
        if (stage === 'current') await makeCurrent(folder, version)
        else if ((await stagesOf(folder, version)).length === 0)
          await folder.replace('pending', Pending, { version })
      }),
    get: (name, version) =>
      translated(async () => {
        const folder = folderOf(name)
        const kept = VERSION.test(version) ? await folder.read(version, Kept) : null
        return kept === null ? null : { ...kept, version, stages: await stagesOf(folder, version) }
      }),
    promote: (name, version) =>
      translated(async () => {
        const folder = folderOf(name)
        if ((await folder.read(version, Kept)) === null)
          throw new SecretStoreError('broken', 'there is no such version to promote')
        await makeCurrent(folder, version)
        await clearPending(folder, version)
      }),
    eraseVersion: (name, version) => translated(() => eraseVersion(folderOf(name), version)),
    erase: (name) => translated(() => folderOf(name).erase()),
    versions: (name) =>
      translated(async () => {
        const folder = folderOf(name)
        const versions = (await folder.names()).filter((one) => VERSION.test(one)).toSorted()
        const all = versions.map(async (version) => {
          const kept = await folder.read(version, Kept)
          return kept === null ? [] : [{ version, mark: kept.mark, stages: await stagesOf(folder, version) }]
        })
        return (await Promise.all(all)).flat()
      }),
  }
}

type SecretFolder = ReturnType<typeof secretFolder>

/** The folder of one secret, whose files open only under its name and theirs. */
function secretFolder(deps: { directory: string; sealer: Sealer; files: DurableFiles }, name: string) {
  const { sealer, files } = deps
  const path = join(deps.directory, createHash('sha256').update(name).digest('hex'))
  const owner = (file: string) => ['secret', name, file]
  const seal = (file: string, content: unknown) =>
    sealer.seal(Buffer.from(JSON.stringify(content), 'utf8'), owner(file))
  return {
    create: <T>(file: string, _: z.ZodType<T>, content: T): Promise<boolean> =>
      files.create(join(path, file), seal(file, content)),
    replace: <T>(file: string, _: z.ZodType<T>, content: T): Promise<void> =>
      files.replace(join(path, file), seal(file, content)),
    async read<T>(file: string, form: z.ZodType<T>): Promise<T | null> {
      const sealed = await files.read(join(path, file))
      if (sealed === null) return null
      const plain = sealer.open(sealed, owner(file))
      if (plain === null)
        throw new SecretStoreError('broken', 'the secret was sealed under another master key, or was altered')
      return form.parse(JSON.parse(Buffer.from(plain).toString('utf8')))
    },
    names: () => files.names(path),
    remove: (file: string) => files.remove(join(path, file)),
    erase: () => files.removeFolder(path),
  }
}

async function stagesOf(folder: SecretFolder, version: string): Promise<SecretStage[]> {
  const current = await folder.read('current', Current)
  const pending = await folder.read('pending', Pending)
  const stages: (SecretStage | false)[] = [
    pending?.version === version && 'pending',
    current?.version === version && 'current',
    current?.previous === version && 'previous',
  ]
  return stages.filter((one) => one !== false)
}

async function makeCurrent(folder: SecretFolder, version: string): Promise<void> {
  const current = await folder.read('current', Current)
  if (current?.version === version) return
  await folder.replace('current', Current, { version, previous: current?.version ?? null })
}

async function clearPending(folder: SecretFolder, version: string): Promise<void> {
  if ((await folder.read('pending', Pending))?.version === version) await folder.remove('pending')
}

/** The value goes first, then what speaks of it. */
async function eraseVersion(folder: SecretFolder, version: string): Promise<void> {
  if (!VERSION.test(version)) return
  await folder.remove(version)
  // A kill amid a write leaves a file behind that holds the secret as well.
  for (const name of await folder.names()) if (isLeftOverOf(version, name)) await folder.remove(name)
  await clearPending(folder, version)
  const current = await folder.read('current', Current)
  if (current?.version === version) await folder.remove('current')
  else if (current?.previous === version)
    await folder.replace('current', Current, { ...current, previous: null })
}

/** A folder that cannot be used is a store that is away; its errors would tell paths. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SecretStoreError) throw error
    throw new SecretStoreError('passes', `the folder of secrets cannot be used: ${codeOf(error)}`)
  }
}
