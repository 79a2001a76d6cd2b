/**
 * Files that are whole or not there, whenever the process is killed or the power goes: each is written under a name of its
 * own, flushed, and given its real name in one step.
 */
import { link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

export type DurableFiles = {
  /** False, and nothing is written, when the file is there already. */
  create(file: string, text: string): Promise<boolean>
  replace(file: string, text: string): Promise<void>
  /** Null when it is not there. */
  read(file: string): Promise<string | null>
  /** Names in the folder; none when it is not there. */
  names(folder: string): Promise<string[]>
  remove(file: string): Promise<void>
  removeFolder(folder: string): Promise<void>
}

/** What a kill amid a write leaves behind is named `<file>.<8 random bytes>.part`. */
export const isLeftOverOf = (file: string, name: string): boolean =>
  name.startsWith(`${file}.`) && name.endsWith('.part')

export function durableFiles(deps: { randomBytes: (length: number) => Uint8Array }): DurableFiles {
  const written = async <T>(file: string, text: string, place: (part: string) => Promise<T>): Promise<T> => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const part = `${file}.${Buffer.from(deps.randomBytes(8)).toString('hex')}.part`
    try {
      await writeFlushed(part, text)
      const placed = await place(part)
      await flushFolder(dirname(file))
      return placed
    } finally {
      await rm(part, { force: true })
    }
  }
  return {
    create: (file, text) =>
      written(file, text, (part) =>
        link(part, file).then(
          () => true,
          (error: unknown) => {
            if (codeOf(error) === 'EEXIST') return false
            throw error
          },
        ),
      ),
    replace: (file, text) => written(file, text, (part) => rename(part, file)),
    read: (file) => unlessMissing(null, () => readFile(file, 'utf8')),
    names: (folder) => unlessMissing([], () => readdir(folder)),
    async remove(file) {
      await rm(file, { force: true })
      await unlessMissing(undefined, () => flushFolder(dirname(file)))
    },
    async removeFolder(folder) {
      await rm(folder, { force: true, recursive: true })
      await unlessMissing(undefined, () => flushFolder(dirname(folder)))
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

/** A name, and its end, must survive a loss of power as well. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function unlessMissing<T, M>(missing: M, work: () => Promise<T>): Promise<T | M> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return missing
    throw error
  }
}

/** The system's name for what went wrong; its message would tell a path. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
