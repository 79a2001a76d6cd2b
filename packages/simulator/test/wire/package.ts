import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { ZipFile } from 'yazl'
import type { Caller, EncryptionKey, Json } from './caller.ts'

/** A batch package as a taxpayer's program would make it. */
export type Entry = { name: string; content: string | Buffer }

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

async function gather(stream: NodeJS.ReadableStream | AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function zipOf(entries: readonly Entry[]): Promise<Buffer> {
  const zip = new ZipFile()
  for (const { name, content } of entries) zip.addBuffer(Buffer.from(content), name)
  zip.end()
  return gather(zip.outputStream)
}

export async function tarGzOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  const whole = gather(tar)
  for (const { name, content } of entries) {
    const bytes = Buffer.from(content)
    const entry = tar.entry({ name, size: bytes.length })
    entry.end(bytes)
    await once(entry, 'finish')
  }
  tar.finalize()
  return gzipSync(await whole)
}

export type Sealed = { archive: Buffer; parts: Buffer[]; aes: EncryptionKey }

/** Cuts the archive into parts of equal size and encrypts each. */
export function sealParts(archive: Buffer, aes: EncryptionKey, partCount = 1): Sealed {
  const size = Math.max(1, Math.ceil(archive.length / partCount))
  const parts = Array.from({ length: partCount }, (_, index) => {
    const cipher = createCipheriv('aes-256-cbc', aes.key, aes.initializationVector)
    return Buffer.concat([cipher.update(archive.subarray(index * size, (index + 1) * size)), cipher.final()])
  })
  return { archive, parts, aes }
}

export function openingOf(caller: Caller, { archive, parts, aes }: Sealed, extra: Json = {}): Json {
  const { batchFile, ...rest } = extra
  return {
    ...caller.opening(aes),
    batchFile: {
      fileSize: archive.length,
      fileHash: sha256(archive),
      fileParts: parts.map((part, index) => ({
        ordinalNumber: index + 1,
        fileSize: part.length,
        fileHash: sha256(part),
      })),
      ...batchFile,
    },
    ...rest,
  }
}

export async function upload(
  request: Json,
  part: Buffer,
  headers: Record<string, string> = {},
): Promise<number> {
  const answer = await fetch(request.url, {
    method: request.method,
    headers: { ...request.headers, ...headers },
    body: new Uint8Array(part),
  })
  await answer.text()
  return answer.status
}

/** Opens, uploads, closes and waits for the outcome. */
export async function sendBatch(
  { caller, token }: { caller: Caller; token: string },
  sealed: Sealed,
  extra: Json = {},
): Promise<Json> {
  const opened = await caller.ask('POST', '/sessions/batch', {
    token,
    body: openingOf(caller, sealed, extra),
  })
  if (opened.status !== 201) throw new Error(`batch was not opened: ${opened.text}`)
  for (const [index, request] of opened.body.partUploadRequests.entries())
    await upload(request, sealed.parts[index] ?? randomBytes(16))
  const { referenceNumber } = opened.body
  const closed = await caller.ask('POST', `/sessions/batch/${referenceNumber}/close`, { token })
  if (closed.status !== 204) throw new Error(`batch was not closed: ${closed.text}`)
  return outcomeOf({ caller, token }, referenceNumber)
}

export async function outcomeOf(
  { caller, token }: { caller: Caller; token: string },
  referenceNumber: string,
): Promise<Json> {
  const session = await caller.until(
    () => caller.ask('GET', `/sessions/${referenceNumber}`, { token }),
    (body) => body.status.code >= 200,
  )
  return { referenceNumber, ...session }
}
