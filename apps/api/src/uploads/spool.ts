/**
 * Where uploads lie while they are looked at. A spool file has no name from the moment it is open, so it goes with the
 * process that has it, however that ends; what a process left behind between the two is swept at the next start.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { FleetError } from '@ksef-fleet/core'

const NAME = /^upload-[0-9a-f-]{36}\.spool$/

export type SpoolLimits = { bytesMax: number; withinMs: number }

export type Spool = {
  /**
   * The bytes of a request as a file that only this process can reach. Whoever gets it closes it.
   *
   * @throws FleetError BATCH_TOO_LARGE, SPOOL_UNAVAILABLE, REQUEST_INVALID when they do not arrive whole and in time
   */
  keep(source: Readable, limits: SpoolLimits): Promise<FileHandle>
}

/** @throws when the directory cannot be made or read */
export async function openSpool(directory: string): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // Another process may be about to unlink the file that it has just opened: taking that off its hands does no harm.
  for (const name of await readdir(directory))
    if (NAME.test(name)) await rm(join(directory, name), { force: true })
  return {
    async keep(source, limits) {
      const file = await openNameless(directory).catch(unavailable)
      try {
        await fill(file, source, limits)
        return file
      } catch (error) {
        await file.close()
        throw error
      }
    },
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `upload-${randomUUID()}.spool`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path, { force: true })
  return file
}

async function fill(file: FileHandle, source: Readable, { bytesMax, withinMs }: SpoolLimits): Promise<void> {
  const late = setTimeout(() => source.destroy(new Error('the upload took too long')), withinMs)
  let bytes = 0
  try {
    // A source that is destroyed takes its connection with it, and so the answer.
    for await (const chunk of arriving(source)) {
      bytes += chunk.byteLength
      if (bytes > bytesMax) throw tooLarge(bytesMax)
      await file.appendFile(chunk).catch(unavailable)
    }
  } finally {
    clearTimeout(late)
  }
}

export const tooLarge = (bytesMax: number): FleetError =>
  new FleetError('BATCH_TOO_LARGE', { detail: `An upload has ${bytesMax} bytes at most.` })

async function* arriving(source: Readable): AsyncGenerator<Uint8Array> {
  const chunks = source.iterator({ destroyOnReturn: false })
  for (;;) {
    const next = await chunks.next().catch(() => {
      throw new FleetError('REQUEST_INVALID', { detail: 'The upload did not arrive whole and in time.' })
    })
    if (next.done === true) return
    yield next.value
  }
}

const unavailable = (cause: unknown): never => {
  const failure = new FleetError('SPOOL_UNAVAILABLE')
  failure.cause = cause
  throw failure
}
