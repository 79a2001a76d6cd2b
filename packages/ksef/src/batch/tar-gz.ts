import type { TransformOptions } from 'node:stream'
import { createGzip, type ZlibOptions } from 'node:zlib'
import { Header } from 'tar'
import type { DocumentToPack, PackingCheck } from './document.ts'

const BLOCK_BYTES = 512
/** Some hundred kB at once: a write of its own for each header, document and filling costs more than all the rest. */
const CHUNK_BYTES = 256 * 1024
const END_BYTES = 2 * BLOCK_BYTES

const inBlocks = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES

/** Where a ustar header tells what differs from document to document, and its checksum over all of it. */
const SIZE = { offset: 124, digits: 11 }
const CHECKSUM = { offset: 148, digits: 6, length: 8 }
const SPACE = 0x20

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')

function sumOf(bytes: Uint8Array, from: number, length: number): number {
  let sum = 0
  for (let index = from; index < from + length; index++) sum += bytes[index] ?? 0
  return sum
}

/**
 * Writes headers. The library makes one, with fixed owner, mode and time; each document's is that one with its name,
 * size and checksum. Making all of it anew takes longer than hashing the document.
 */
function headerWriter(): (document: DocumentToPack, to: Buffer, offset: number) => void {
  const blank = Buffer.alloc(BLOCK_BYTES)
  const facts = { path: '', size: 0, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) } as const
  new Header({ ...facts, type: 'File' }).encode(blank)
  blank.fill(0, SIZE.offset, SIZE.offset + SIZE.digits + 1)
  blank.fill(SPACE, CHECKSUM.offset, CHECKSUM.offset + CHECKSUM.length)
  const blankSum = sumOf(blank, 0, BLOCK_BYTES)
  return ({ fileName, xml }, to, offset) => {
    to.set(blank, offset)
    const nameBytes = to.write(fileName, offset, 'latin1')
    to.write(octal(xml.length, SIZE.digits), offset + SIZE.offset, 'latin1')
    const sum = blankSum + sumOf(to, offset, nameBytes) + sumOf(to, offset + SIZE.offset, SIZE.digits)
    to.write(`${octal(sum, CHECKSUM.digits)}\0`, offset + CHECKSUM.offset, 'latin1')
  }
}

/**
 * The bytes of a tar archive, header by header and document by document; the same documents always give the same bytes.
 * A chunk is filled anew as soon as the next one is asked for.
 */
export async function* tarOf(
  documents: AsyncIterable<DocumentToPack>,
  check: PackingCheck,
): AsyncGenerator<Uint8Array> {
  const writeHeader = headerWriter()
  let chunk = Buffer.alloc(CHUNK_BYTES)
  let filled = 0
  for await (const document of documents) {
    check.pass(document)
    const { xml } = document
    const needed = BLOCK_BYTES + inBlocks(xml.length)
    if (filled + needed + END_BYTES > chunk.length) {
      if (filled > 0) yield chunk.subarray(0, filled)
      filled = 0
      if (needed + END_BYTES > chunk.length) chunk = Buffer.alloc(needed + END_BYTES)
    }
    writeHeader(document, chunk, filled)
    chunk.set(xml, filled + BLOCK_BYTES)
    chunk.fill(0, filled + BLOCK_BYTES + xml.length, filled + needed)
    filled += needed
  }
  yield chunk.fill(0, filled, filled + END_BYTES).subarray(0, filled + END_BYTES)
}

/**
 * Compresses what {@link tarOf} gives. It has no room for a chunk that waits, so that none is asked for before the last
 * one was taken. zlib writes no time into the header; the level is fixed like everything else.
 */
export function gzip() {
  const options: ZlibOptions & TransformOptions = {
    level: 6,
    chunkSize: 64 * 1024,
    writableHighWaterMark: 1,
  }
  return createGzip(options)
}
