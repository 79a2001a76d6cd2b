import { randomBytes } from 'node:crypto'
import type { FileToPack } from '../archive/archive-writer.ts'
import type { describeInvoice } from '../invoice-metadata.ts'
import { ksefNumberOf } from '../ksef-number.ts'

/** What may be wrong with an exported package, over a wire that works. */
export const PACKAGE_FAULTS = [
  'wrong-key',
  'corrupt-part',
  'name-twice',
  'number-twice',
  'name-parent',
  'name-absolute',
  'bomb',
  'document-missing',
  'documents-missing',
  'document-differs',
  'null-dates',
  'no-metadata',
  'row-missing',
] as const
export type PackageFault = (typeof PACKAGE_FAULTS)[number]

const BOMB_BYTES = 1_000_000_000
const ZEROS = Buffer.alloc(1_000_000)

function* zeros(): Generator<Buffer> {
  for (let bytes = 0; bytes < BOMB_BYTES; bytes += ZEROS.length) yield ZEROS
}

/** The files of a package as that fault leaves them; those whose name or place is wrong come before the others. */
export async function* spoiled(
  files: AsyncIterable<FileToPack>,
  fault: PackageFault | undefined,
): AsyncGenerator<FileToPack> {
  let isFirst = true
  for await (const file of files) {
    if (fault === 'documents-missing' && file.name !== '_metadata.json') continue
    const strikes = isFirst && file.name !== '_metadata.json'
    isFirst = false
    if (fault === 'no-metadata' && file.name === '_metadata.json') continue
    if (!strikes) {
      yield file
      continue
    }
    if (fault === 'document-missing') continue
    if (fault === 'document-differs') {
      yield { ...file, bytes: Buffer.from('<Faktura>inna</Faktura>') }
      continue
    }
    yield* beside(file, fault)
    yield file
  }
}

function* beside(file: FileToPack, fault: PackageFault | undefined): Generator<FileToPack> {
  if (fault === 'name-twice') yield file
  if (fault === 'number-twice') yield { ...file, name: file.name.replace(/\.xml$/, '.XML') }
  if (fault === 'name-parent') yield { ...file, name: `../../${file.name}` }
  if (fault === 'name-absolute') yield { ...file, name: `/tmp/${file.name}` }
  if (fault === 'bomb')
    yield {
      name: `${ksefNumberOf('1111111111', new Date(0), '0123456789AB')}.xml`,
      bytes: zeros(),
      size: BOMB_BYTES,
    }
}

/** Whether the list of a package tells of the invoice at that place in it. */
export const isListed = (index: number, fault: PackageFault | undefined): boolean =>
  fault !== 'row-missing' || index > 0

/** KSeF's rows as that fault leaves them. */
export const spoiledRow = (
  row: ReturnType<typeof describeInvoice>,
  fault: PackageFault | undefined,
): unknown =>
  fault === 'null-dates'
    ? { ...row, permanentStorageDate: null, invoicingDate: null, acquisitionDate: null, issueDate: null }
    : row

/** The bytes that lie in the storage under hashes of the right ones. */
export function spoiledBytes(encrypted: Buffer, fault: PackageFault | undefined): Buffer {
  if (fault !== 'corrupt-part') return encrypted
  const flipped = Buffer.from(encrypted)
  flipped.writeUInt8(flipped.readUInt8(0) ^ 1, 0)
  return flipped
}

/** The key that the package is encrypted with, whatever the caller ordered. */
export const spoiledKey = <Key extends { key: Buffer }>(key: Key, fault: PackageFault | undefined): Key =>
  fault === 'wrong-key' ? { ...key, key: randomBytes(key.key.length) } : key
