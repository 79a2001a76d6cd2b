// Official tag "Pobieranie faktur": exports; przyrostowe-pobieranie-faktur.md, hwm.md.
import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import * as z from 'zod'
import { type SessionKey, wrapKey } from '../crypto/session-key.ts'
import type { KsefErrorCode } from '../error-codes.ts'
import { failed, type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { absentDate } from '../wire-date.ts'
import { allowedAddress } from './allowed-address.ts'
import type { CompressionType } from './batch-session.ts'
import { type InvoiceFilters, InvoiceQueryFilters, metadataFilters } from './invoices.ts'
import type { PublicKeys } from './public-keys.ts'
import { absent, base64Hash, present, publicKeyId, referenceNumber, status, type WireStatus } from './wire.ts'

/** Body of `POST /invoices/exports`. */
export const InvoiceExportRequest = z.strictObject({
  encryption: z.strictObject({
    encryptedSymmetricKey: z.base64(),
    initializationVector: z.base64().length(24),
    publicKeyId,
  }),
  onlyMetadata: z.boolean().optional(),
  filters: InvoiceQueryFilters,
  compressionType: z.enum(['Zip', 'TarGz']),
})
export const ExportInvoicesResponse = z.object({ referenceNumber })

/** More than KSeF makes; what says so is no package of invoices. */
export const EXPORT_PARTS_MAX = 1_000
/** A part has 50 MB before encryption (pobieranie-faktur.md, in MiB); some room, since only our disk is at stake. */
export const EXPORT_PART_BYTES_MAX = 64_000_000

/**
 * One encrypted part of a package. Sizes in bytes, hashes SHA-256 in Base64. Whoever holds the address may read the part
 * until `expirationDate`, so it is no matter for logs; asking for the status makes a new one.
 */
export type ExportPart = {
  readonly ordinalNumber: number
  readonly method: string
  readonly url: string
  readonly partSize: number
  readonly partHash: string
  readonly encryptedPartSize: number
  readonly encryptedPartHash: string
}

export type ExportPackage = {
  readonly invoiceCount: number
  readonly parts: readonly ExportPart[]
  /** Cut off at 10,000 invoices or 1 GB: go on from `lastPermanentStorageDate`. */
  readonly isTruncated: boolean
  readonly lastPermanentStorageDate?: Date
  /** What is not truncated is complete up to here: go on from this moment. */
  readonly permanentStorageHwmDate?: Date
}

export type ExportStatus = {
  /** See {@link meaningOfExportStatus}. */
  readonly status: WireStatus
  readonly compressionType?: CompressionType
  readonly packageExpirationDate?: Date
  /** Only with status 200. */
  readonly package?: ExportPackage
}

const size = z.int().min(1)
const Part = z.object({
  ordinalNumber: z.int().min(1),
  method: z.string(),
  url: z.string(),
  partSize: size,
  partHash: base64Hash,
  encryptedPartSize: size.max(EXPORT_PART_BYTES_MAX),
  encryptedPartHash: base64Hash,
})
const Package = z
  .object({
    invoiceCount: z.int().min(0),
    parts: z.array(Part).max(EXPORT_PARTS_MAX),
    isTruncated: z.boolean(),
    lastPermanentStorageDate: absentDate,
    permanentStorageHwmDate: absentDate,
  })
  .transform(
    (answer): ExportPackage =>
      present({ ...answer, parts: answer.parts.toSorted((a, b) => a.ordinalNumber - b.ordinalNumber) }),
  )
export const InvoiceExportStatusResponse = z
  .object({
    status,
    compressionType: absent(z.enum(['Zip', 'TarGz'])),
    packageExpirationDate: absentDate.catch(undefined),
    package: absent(Package),
  })
  .transform((answer): ExportStatus => present(answer))

export type WantedExport = {
  readonly filters: InvoiceFilters
  /** Encrypts the package; a fresh one for every export. */
  readonly key: SessionKey
  readonly compressionType: CompressionType
  /** `_metadata.json` and no invoices. */
  readonly onlyMetadata?: boolean
}

export type InvoiceExports = {
  /**
   * Has a package made of the invoices that pass the filters, oldest first. Needs `InvoiceRead`; 20 an hour per context for
   * all roles, and ten at once. A retired public key (21470) is fetched anew and the request made once more. Failure with
   * effect `unknown`: the export may be under way, takes its place among the ten, and cannot be found.
   */
  start(access: Sealed<string>, wanted: WantedExport): Promise<Result<{ readonly referenceNumber: string }>>
  /** What became of it, with links made anew. Kept for seven days, then 410. */
  status(access: Sealed<string>, exportReferenceNumber: string): Promise<Result<ExportStatus>>
  /**
   * Downloads one part as it is, encrypted, into a new file. Our access token is not sent. Only https to KSeF's own host or to
   * `fetchHosts` is followed; http only where the base URL itself is http. What has another size or hash than the status said
   * is `EXPORT_PART_DIFFERS`, and no file is left.
   */
  downloadPart(part: ExportPart, path: string): Promise<Result<void>>
}

const refusedPart = (code: KsefErrorCode, description?: string): Result<never> =>
  failed({
    operation: 'downloadExportPart',
    kind: code === 'EXPORT_PART_DIFFERS' ? 'unreadable' : 'refused',
    effect: 'none',
    code,
    ...(description === undefined ? {} : { description }),
  })

/** Writes what comes into the file and says what it was. */
async function fetchInto(
  http: KsefHttp,
  { url, bytesMax }: { readonly url: URL; readonly bytesMax: number },
  path: string,
): Promise<Result<{ readonly size: number; readonly hash: string }>> {
  await using file = await open(path, 'wx', 0o600)
  const hash = createHash('sha256')
  let bytes = 0
  const write = async (piece: Uint8Array): Promise<void> => {
    hash.update(piece)
    bytes += piece.length
    await file.appendFile(piece)
  }
  const downloaded = await http.download(url, { bytesMax, write })
  return downloaded.ok ? succeeded({ size: bytes, hash: hash.digest('base64') }) : downloaded
}

export function invoiceExports(
  http: KsefHttp,
  keys: PublicKeys,
  addresses: { baseUrl: URL; fetchHosts: readonly string[] },
): InvoiceExports {
  async function startOnce(...[access, wanted]: Parameters<InvoiceExports['start']>) {
    const publicKey = await keys.choose('SymmetricKeyEncryption')
    if (!publicKey.ok) return publicKey
    const json = InvoiceExportRequest.parse({
      encryption: wrapKey(wanted.key, publicKey.value),
      filters: metadataFilters(wanted.filters),
      compressionType: wanted.compressionType,
      ...(wanted.onlyMetadata === undefined ? {} : { onlyMetadata: wanted.onlyMetadata }),
    })
    return http.json({ operation: 'startInvoiceExport', access, json }, ExportInvoicesResponse)
  }

  return {
    async start(access, wanted) {
      const first = await startOnce(access, wanted)
      if (first.ok || first.failure.code !== 'KSEF_PUBLIC_KEY_RETIRED') return first
      const refetched = await keys.refetch()
      return refetched.ok ? startOnce(access, wanted) : refetched
    },
    status(access, exportReferenceNumber) {
      const path = { referenceNumber: exportReferenceNumber }
      return http.json({ operation: 'getInvoiceExport', path, access }, InvoiceExportStatusResponse)
    },
    async downloadPart(part, path) {
      const url = allowedAddress(part.url, addresses.baseUrl, addresses.fetchHosts)
      if (url === null || part.method.toUpperCase() !== 'GET') return refusedPart('EXPORT_ADDRESS_REFUSED')
      await rm(path, { force: true })
      const fetched = await fetchInto(http, { url, bytesMax: part.encryptedPartSize }, path)
      const differs = fetched.ok && whatDiffers(part, fetched.value)
      if (fetched.ok && differs === null) return succeeded(undefined)
      await rm(path, { force: true })
      return fetched.ok ? refusedPart('EXPORT_PART_DIFFERS', differs || undefined) : tooMany(fetched, part)
    },
  }
}

function whatDiffers(
  part: ExportPart,
  fetched: { readonly size: number; readonly hash: string },
): string | null {
  if (fetched.size !== part.encryptedPartSize)
    return `part ${part.ordinalNumber} has ${fetched.size} bytes instead of ${part.encryptedPartSize}`
  if (fetched.hash !== part.encryptedPartHash) return `part ${part.ordinalNumber} has another hash`
  return null
}

/** More bytes than the status said is a part that differs, not an answer that is merely large. */
function tooMany(fetched: Result<never> | Result<unknown>, part: ExportPart): Result<never> {
  if (fetched.ok) throw new TypeError('a download that succeeded has no failure')
  if (fetched.failure.code !== 'KSEF_ANSWER_TOO_LARGE') return fetched
  const description = `part ${part.ordinalNumber} has more than ${part.encryptedPartSize} bytes`
  return refusedPart('EXPORT_PART_DIFFERS', description)
}
