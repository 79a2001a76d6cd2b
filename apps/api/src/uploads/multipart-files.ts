/** The files of a body of `multipart/form-data` (RFC 7578), one in memory at a time. No part is passed over in silence. */
import type { Readable } from 'node:stream'
import { MIMEType } from 'node:util'
import { Dicer } from '@fastify/busboy'
import { FleetError } from '@ksef-fleet/core'
import { type ArchiveBounds, type ArchivedFile, countFiles } from '@ksef-fleet/ksef'

const HEADERS_MAX = 20
const PLAIN_ENCODING = /^(7bit|8bit|binary)$/i

/**
 * @param source the body; destroyed in the end
 * @throws FleetError REQUEST_INVALID when it is broken or holds what is no file; ArchiveError for its names and numbers
 */
export async function* readMultipart(
  source: Readable,
  boundary: string,
  bounds: ArchiveBounds,
): AsyncGenerator<ArchivedFile> {
  const parser = new Dicer({ boundary, maxHeaderPairs: HEADERS_MAX })
  const parts = collectParts(parser, bounds)
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      // What follows the last boundary is nothing that anybody reads.
      if (!parser.writable) break
      await new Promise<void>((resolve) => parser.write(chunk, () => resolve()))
      yield* parts.take()
    }
    await parts.end()
    yield* parts.take()
  } finally {
    parser.removeAllListeners('part')
    source.destroy()
  }
}

/** Turns the parser's events into files that can be taken, and its failures into one that is thrown there. */
function collectParts(parser: Dicer, bounds: ArchiveBounds) {
  const counts = countFiles(bounds)
  const ready: ArchivedFile[] = []
  let failure: unknown = null
  let open = 0
  let settle = () => {}
  const fail = (error: unknown) => {
    failure ??= error
    settle()
  }
  let finished = false
  parser.on('error', () => fail(broken('The body ends before its last boundary.')))
  parser.on('finish', () => {
    finished = true
    settle()
  })
  parser.on('part', (part: Dicer.PartStream) => {
    let name: string | null = null
    const chunks: Uint8Array[] = []
    let size = 0
    open += 1
    part.on('header', (header: object) => {
      try {
        name = fileNameOf(new Map(Object.entries(header)))
        counts.addFile(name, 0)
      } catch (error) {
        fail(error)
      }
    })
    part.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size <= bounds.fileBytesMax && failure === null) chunks.push(chunk)
    })
    part.on('error', () => fail(broken('The body ends within a part.')))
    part.on('end', () => {
      open -= 1
      if (name === null) fail(broken('A part has no headers.'))
      else ready.push({ name, size, content: size <= bounds.fileBytesMax ? joined(chunks, size) : null })
      settle()
    })
  })
  return {
    *take(): Generator<ArchivedFile> {
      if (failure !== null) throw failure
      yield* ready.splice(0)
    },
    async end(): Promise<void> {
      if (parser.writable) parser.end()
      while (failure === null && !(finished && open === 0)) {
        await new Promise<void>((resolve) => {
          settle = resolve
        })
      }
    },
  }
}

/** In memory of its own: what is passed to a thread takes the whole buffer along that it is a part of. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let filled = 0
  for (const chunk of chunks) {
    whole.set(chunk, filled)
    filled += chunk.byteLength
  }
  return whole
}

const broken = (detail: string): FleetError => new FleetError('REQUEST_INVALID', { detail })

function fileNameOf(header: ReadonlyMap<string, unknown>): string {
  const disposition = headerValue(header, 'content-disposition') ?? ''
  const encoding = headerValue(header, 'content-transfer-encoding')
  if (encoding !== null && !PLAIN_ENCODING.test(encoding)) {
    throw broken(`A part is encoded as ${encoding.slice(0, 40)}; send it as it is.`)
  }
  const parsed = dispositionOf(disposition)
  if (parsed?.essence !== 'multipart/form-data')
    throw broken('A part has no Content-Disposition of form-data.')
  const name = parsed.params.get('filename')
  if (name === null) {
    const field = (parsed.params.get('name') ?? '').slice(0, 100)
    throw broken(`The part ${JSON.stringify(field)} has no file name: every part is an invoice in a file.`)
  }
  return utf8Of(name)
}

function headerValue(header: ReadonlyMap<string, unknown>, name: string): string | null {
  const values = header.get(name)
  const first: unknown = Array.isArray(values) ? values[0] : undefined
  return typeof first === 'string' ? first.trim() : null
}

/** A disposition has the grammar of a media type's second half. */
function dispositionOf(value: string): MIMEType | null {
  try {
    return new MIMEType(`multipart/${value}`)
  } catch {
    return null
  }
}

/** Headers come as bytes, which browsers and curl mean as UTF-8. */
const utf8Of = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8')
