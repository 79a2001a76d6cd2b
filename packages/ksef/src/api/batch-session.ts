// Official tag "Wysyłka wsadowa"; sesja-wsadowa.md of 10.07.2025.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import * as z from 'zod'
import { BATCH_BYTES_MAX, BATCH_PARTS_MAX } from '../batch/bounds.ts'
import { type SessionKey, wrapKey } from '../crypto/session-key.ts'
import type { FormCode } from '../documents/form-code.ts'
import type { KsefErrorCode } from '../error-codes.ts'
import { failed, type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { allowedAddress } from './allowed-address.ts'
import type { PublicKeys } from './public-keys.ts'
import { base64Hash, publicKeyId, referenceNumber } from './wire.ts'

/** `CompressionType`: how the package is archived. */
export type CompressionType = 'Zip' | 'TarGz'

const fileFacts = { fileSize: z.int().min(1), fileHash: base64Hash }

/** Body of `POST /sessions/batch`. */
export const OpenBatchSessionRequest = z.strictObject({
  formCode: z.strictObject({ systemCode: z.string(), schemaVersion: z.string(), value: z.string() }),
  batchFile: z.strictObject({
    fileSize: z.int().min(1).max(BATCH_BYTES_MAX),
    fileHash: base64Hash,
    compressionType: z.enum(['Zip', 'TarGz']),
    fileParts: z
      .array(z.strictObject({ ordinalNumber: z.int().min(1), ...fileFacts }))
      .min(1)
      .max(BATCH_PARTS_MAX),
  }),
  encryption: z.strictObject({
    encryptedSymmetricKey: z.base64(),
    initializationVector: z.base64().length(24),
    publicKeyId,
  }),
  offlineMode: z.boolean().optional(),
})

const PartUploadRequest = z.object({
  ordinalNumber: z.int().min(1),
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string().nullable()),
})
export const OpenBatchSessionResponse = z
  .object({ referenceNumber, partUploadRequests: z.array(PartUploadRequest) })
  .transform(
    (answer): BatchSession => ({
      referenceNumber: answer.referenceNumber,
      partUploads: answer.partUploadRequests.map((part) => ({ ...part, headers: withoutNull(part.headers) })),
    }),
  )

const withoutNull = (headers: Record<string, string | null>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null))

/** One encrypted part of a package: bytes and SHA-256 in Base64, both of what is uploaded. */
export type DeclaredPart = {
  readonly ordinalNumber: number
  readonly fileSize: number
  readonly fileHash: string
}

/** A package as a session declares it; size and hash are those of the archive before it was cut and encrypted. */
export type DeclaredPackage = {
  readonly compressionType: CompressionType
  readonly fileSize: number
  readonly fileHash: string
  readonly parts: readonly DeclaredPart[]
}

/**
 * Where and how a part is uploaded. Whoever holds the address may write the part until the session's time is over, so it
 * is no matter for logs.
 */
export type PartUpload = {
  readonly ordinalNumber: number
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
}

export type BatchSession = { readonly referenceNumber: string; readonly partUploads: readonly PartUpload[] }

/** A part in a file, as `packInvoices` leaves it, or in memory. */
export type PartBody = Uint8Array | (Omit<DeclaredPart, 'ordinalNumber'> & { readonly path: string })

export type BatchSessions = {
  /**
   * Declares a package and opens a session for it. All parts must be uploaded and the session closed within 20 minutes
   * for each part. When KSeF says the public key was retired (21470, a definite refusal), the key list is fetched and
   * the request made once more. Failure with effect `unknown`: the session may be open; look for it with
   * `sessions.list`. Its addresses are lost, so it can only run out.
   */
  open(
    access: Sealed<string>,
    opening: {
      readonly formCode: FormCode
      readonly key: SessionKey
      readonly package: DeclaredPackage
      /** Declares that the invoices were issued offline (tryby-offline.md). */
      readonly offlineMode?: boolean
    },
  ): Promise<Result<BatchSession>>
  /**
   * Uploads one part, exactly one request, which may be repeated: the last upload counts. Our access token is not sent.
   * Only https to KSeF's own host or to `fetchHosts` is followed; http only where the base URL itself is http. A file is
   * streamed and held to its size and hash; `PART_FILE_LOST` says that it is not what was packed.
   */
  uploadPart(upload: PartUpload, body: PartBody): Promise<Result<void>>
  /**
   * Closes the session, which starts its processing. Repeating is harmless: 21180 says `already-closed`, which a session
   * that ran out says as well, so its status is to be asked in any case.
   */
  close(access: Sealed<string>, sessionReferenceNumber: string): Promise<Result<'closed' | 'already-closed'>>
}

const READ_BYTES = 256 * 1024

class OtherBytes extends Error {}

/**
 * A file's bytes as they are read. The hash is looked at before the last of them are given away: the answer to an upload
 * may come as soon as they are, and wrong ones are better not sent to the end.
 */
function readingOf(file: FileHandle, { fileSize, fileHash }: Exclude<PartBody, Uint8Array>) {
  const hash = createHash('sha256')
  let differs = false
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (let position = 0; position < fileSize; ) {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(READ_BYTES), position })
      const chunk = buffer.subarray(0, bytesRead)
      hash.update(chunk)
      position += bytesRead
      differs = bytesRead === 0 || (position >= fileSize && hash.digest('base64') !== fileHash)
      if (differs) throw new OtherBytes('the file has other bytes than declared')
      yield chunk
    }
  }
  return { bytes: bytes(), differs: () => differs }
}

const refusedPart = (code: KsefErrorCode, description?: string): Result<never> =>
  failed({
    operation: 'uploadBatchPart',
    kind: 'refused',
    effect: 'none',
    code,
    ...(description === undefined ? {} : { description }),
  })

/** The transport's own; whatever else is asked for is sent. */
const FRAMING = new Set(['content-length', 'host'])

function headersOf({ headers }: PartUpload): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !FRAMING.has(name.toLowerCase())))
}

async function uploadFile(
  http: KsefHttp,
  to: { readonly url: URL; readonly headers: Record<string, string> },
  part: Exclude<PartBody, Uint8Array>,
): Promise<Result<void>> {
  let handle: FileHandle
  try {
    handle = await open(part.path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return refusedPart('PART_FILE_LOST', 'the file is missing')
    throw error
  }
  await using file = handle
  const { size } = await file.stat()
  if (size !== part.fileSize)
    return refusedPart('PART_FILE_LOST', `the file has ${size} bytes, not ${part.fileSize}`)
  const reading = readingOf(file, part)
  const uploaded = await http.upload(to.url, { headers: to.headers, body: reading.bytes, bytes: size })
  return reading.differs() ? refusedPart('PART_FILE_LOST', 'the file has another hash') : uploaded
}

export function batchSessions(
  http: KsefHttp,
  keys: PublicKeys,
  addresses: { baseUrl: URL; fetchHosts: readonly string[] },
): BatchSessions {
  async function openOnce(
    ...[access, opening]: Parameters<BatchSessions['open']>
  ): Promise<Result<BatchSession>> {
    const publicKey = await keys.choose('SymmetricKeyEncryption')
    if (!publicKey.ok) return publicKey
    const { systemCode, schemaVersion, value } = opening.formCode
    const { compressionType, fileSize, fileHash, parts } = opening.package
    const fileParts = parts.map((part) => ({
      ordinalNumber: part.ordinalNumber,
      fileSize: part.fileSize,
      fileHash: part.fileHash,
    }))
    const json = OpenBatchSessionRequest.parse({
      formCode: { systemCode, schemaVersion, value },
      batchFile: { fileSize, fileHash, compressionType, fileParts },
      encryption: wrapKey(opening.key, publicKey.value),
      ...(opening.offlineMode === undefined ? {} : { offlineMode: opening.offlineMode }),
    })
    return http.json({ operation: 'openBatchSession', access, json }, OpenBatchSessionResponse)
  }

  return {
    async open(access, opening) {
      const first = await openOnce(access, opening)
      if (first.ok || first.failure.code !== 'KSEF_PUBLIC_KEY_RETIRED') return first
      const refetched = await keys.refetch()
      return refetched.ok ? openOnce(access, opening) : refetched
    },
    async uploadPart(upload, body) {
      const url = allowedAddress(upload.url, addresses.baseUrl, addresses.fetchHosts)
      if (url === null || upload.method.toUpperCase() !== 'PUT') return refusedPart('PART_ADDRESS_REFUSED')
      const to = { url, headers: headersOf(upload) }
      if (!(body instanceof Uint8Array)) return uploadFile(http, to, body)
      return http.upload(url, { headers: to.headers, body, bytes: body.length })
    },
    async close(access, sessionReferenceNumber) {
      const path = { referenceNumber: sessionReferenceNumber }
      const answer = await http.empty({ operation: 'closeBatchSession', path, access })
      if (answer.ok) return succeeded('closed')
      return answer.failure.code === 'SESSION_ALREADY_CLOSED' ? succeeded('already-closed') : answer
    },
  }
}
