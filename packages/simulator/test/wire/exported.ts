import { createDecipheriv, createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { fromBufferPromise } from 'yauzl'
import type { Caller, EncryptionKey, Json } from './caller.ts'

/** An exported package as a program that receives invoices would take it apart. */
export type Fetched = { files: Map<string, Buffer>; partSizes: number[] }

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

async function gather(chunks: AsyncIterable<unknown>): Promise<Buffer> {
  const found: Buffer[] = []
  for await (const chunk of chunks) found.push(chunk as Buffer)
  return Buffer.concat(found)
}

async function unzip(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const zip = await fromBufferPromise(archive, { lazyEntries: true })
  for await (const entry of zip.eachEntry())
    files.set(entry.fileName, await gather(await zip.openReadStreamPromise(entry)))
  return files
}

async function untar(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const entries = extract()
  entries.end(gunzipSync(archive))
  for await (const entry of entries) files.set(entry.header.name, await gather(entry))
  return files
}

/** Fetches every part by its link, compares it with what the status said of it, and unpacks the whole. */
export async function fetchPackage(status: Json, aes: EncryptionKey): Promise<Fetched> {
  const plain: Buffer[] = []
  for (const part of status.package.parts) {
    const answer = await fetch(part.url, { method: part.method })
    const encrypted = Buffer.from(await answer.arrayBuffer())
    if (answer.headers.get('x-ms-meta-hash') !== part.encryptedPartHash) throw new Error('hash of the header')
    if (sha256(encrypted) !== part.encryptedPartHash) throw new Error('hash of the encrypted part')
    if (encrypted.length !== part.encryptedPartSize) throw new Error('size of the encrypted part')
    const decipher = createDecipheriv('aes-256-cbc', aes.key, aes.initializationVector)
    const bytes = Buffer.concat([decipher.update(encrypted), decipher.final()])
    if (sha256(bytes) !== part.partHash || bytes.length !== part.partSize) throw new Error('the plain part')
    plain.push(bytes)
  }
  const archive = Buffer.concat(plain)
  const files = status.compressionType === 'TarGz' ? await untar(archive) : await unzip(archive)
  return { files, partSizes: plain.map((part) => part.length) }
}

export type Wanted = { filters: Json } & Json

export async function startExport(
  { caller, token }: { caller: Caller; token: string },
  wanted: Wanted,
): Promise<{ answer: Json; aes: EncryptionKey }> {
  const aes = await caller.newKey()
  const { encryption } = caller.opening(aes)
  const answer = await caller.ask('POST', '/invoices/exports', { token, body: { encryption, ...wanted } })
  return { answer, aes }
}

export const exportStatus = ({ caller, token }: { caller: Caller; token: string }, reference: string) =>
  caller.ask('GET', `/invoices/exports/${reference}`, { token })

/** Starts an export and waits for its outcome. */
export async function exported(who: { caller: Caller; token: string }, wanted: Wanted) {
  const { answer, aes } = await startExport(who, wanted)
  if (answer.status !== 201) throw new Error(`export was not started: ${answer.text}`)
  const { referenceNumber } = answer.body
  const status = await who.caller.until(
    () => exportStatus(who, referenceNumber),
    (body) => body.status.code !== 100,
  )
  return { referenceNumber, status, aes }
}
