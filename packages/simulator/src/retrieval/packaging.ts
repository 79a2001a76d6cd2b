import { createCipheriv, createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deflateRawSync } from 'node:zlib'
import { type FileToPack, writeArchive } from '../archive/archive-writer.ts'
import { EXTENSIONS } from '../archive/compression.ts'
import type { SymmetricKey } from '../invoice/decryption.ts'
import { describeInvoice } from '../invoice-metadata.ts'
import type { Spool } from '../spool.ts'
import type { ExportPart, InvoiceExport } from '../stores/invoice-exports.ts'
import type { AcceptedInvoice } from '../stores/sessions.ts'
import type { RetrievalBounds } from './bounds.ts'
import {
  isListed,
  type PackageFault,
  spoiled,
  spoiledBytes,
  spoiledKey,
  spoiledRow,
} from './spoiled-package.ts'

/** Invoices handled before other requests get their turn. */
const PER_TURN = 100

/** The first invoices that fit into one package; `_metadata.json` does not count. */
export async function takeFitting(
  invoices: readonly AcceptedInvoice[],
  { exportInvoices, exportBytes }: Pick<RetrievalBounds, 'exportInvoices' | 'exportBytes'>,
): Promise<readonly AcceptedInvoice[]> {
  const first = invoices.slice(0, exportInvoices)
  // Deflating makes nothing much larger: what fits as it is fits compressed, and need not be measured.
  if (first.reduce((total, { xml }) => total + xml.length, 0) <= exportBytes) return first
  let bytes = 0
  for (const [index, { xml }] of first.entries()) {
    if (index % PER_TURN === 0) await nextTurn()
    bytes += deflateRawSync(xml).length
    if (bytes > exportBytes) return first.slice(0, index)
  }
  return first
}

async function* filesOf(
  invoices: readonly AcceptedInvoice[],
  { onlyMetadata, fault }: { onlyMetadata: boolean; fault: PackageFault | undefined },
): AsyncGenerator<FileToPack> {
  for (const [index, { ksefNumber, xml }] of onlyMetadata ? [] : invoices.entries()) {
    if (index % PER_TURN === 0) await nextTurn()
    yield { name: `${ksefNumber}.xml`, bytes: xml }
  }
  const described: unknown[] = []
  for (const [index, invoice] of invoices.entries()) {
    if (index % PER_TURN === 0) await nextTurn()
    if (isListed(index, fault)) described.push(spoiledRow(describeInvoice(invoice), fault))
  }
  yield { name: '_metadata.json', bytes: Buffer.from(JSON.stringify({ invoices: described })) }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

type Sealing = { one: InvoiceExport; key: SymmetricKey; spool: Spool; fault?: PackageFault | undefined }

async function sealPart(
  { one, key, spool, fault }: Sealing,
  ordinalNumber: number,
  part: Buffer,
): Promise<ExportPart> {
  const extension = EXTENSIONS[one.compressionType]
  const partName = `${one.referenceNumber}-${String(ordinalNumber).padStart(3, '0')}.${extension}.aes`
  const cipher = createCipheriv('aes-256-cbc', spoiledKey(key, fault).key, key.initializationVector)
  const encrypted = Buffer.concat([cipher.update(part), cipher.final()])
  await writeFile(await spool.place(partName), spoiledBytes(encrypted, fault))
  return {
    ordinalNumber,
    partName,
    partSize: part.length,
    partHash: sha256(part),
    encryptedPartSize: encrypted.length,
    encryptedPartHash: sha256(encrypted),
  }
}

async function* cut(chunks: AsyncIterable<Buffer>, partBytes: number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    let rest = chunk
    while (size + rest.length > partBytes) {
      const taken = rest.subarray(0, partBytes - size)
      yield Buffer.concat([...waiting, taken])
      rest = rest.subarray(taken.length)
      waiting = []
      size = 0
    }
    waiting.push(rest)
    size += rest.length
  }
  if (size > 0) yield Buffer.concat(waiting)
}

/** Packs the invoices, cuts the archive into parts and encrypts each under the caller's key, as files in the spool. */
export async function packInvoices(
  invoices: readonly AcceptedInvoice[],
  sealing: Sealing,
  partBytes: number,
): Promise<ExportPart[]> {
  const { compressionType, onlyMetadata } = sealing.one
  const { fault } = sealing
  const files = spoiled(filesOf(invoices, { onlyMetadata, fault }), fault)
  const archive = writeArchive(compressionType, files)
  const parts: ExportPart[] = []
  for await (const part of cut(archive, partBytes))
    parts.push(await sealPart(sealing, parts.length + 1, part))
  return parts
}
