import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/**
 * A folder of this run for packages on their way: parts that were uploaded, archives being read, exports waiting
 * to be fetched. They are too large for memory and of no use to a later run.
 */
export type Spool = {
  /** The path for a file of that name; the folder exists from the first call on. */
  place(name: string): Promise<string>
  discard(name: string): Promise<void>
  /** Removes the folder with all that is in it. */
  close(): Promise<void>
}

export function createSpool(): Spool {
  let folder: Promise<string> | undefined
  const open = () => {
    folder ??= mkdtemp(path.join(os.tmpdir(), 'ksef-simulator-'))
    return folder
  }
  const place = async (name: string) => path.join(await open(), name.replaceAll(/[^\w.-]/g, '_'))
  return {
    place,
    discard: async (name) => {
      if (folder !== undefined) await rm(await place(name), { force: true })
    },
    close: async () => {
      if (folder !== undefined) await rm(await folder, { recursive: true, force: true })
      folder = undefined
    },
  }
}
