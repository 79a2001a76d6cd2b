/** The lines of a body of JSON texts (NDJSON, JSON Lines), one in memory at a time. Blank ones are passed over. */
import type { Readable } from 'node:stream'
import { type ArchiveBounds, type ArchivedFile, countFiles } from '@ksef-fleet/ksef'

const NEWLINE = 0x0a

/**
 * @param source the body; destroyed in the end
 * @throws ArchiveError for the number and size of its lines
 */
export async function* readJsonLines(source: Readable, bounds: ArchiveBounds): AsyncGenerator<ArchivedFile> {
  const counts = countFiles(bounds)
  let number = 0
  const lineOf = (pieces: Piece[], size: number): ArchivedFile[] => {
    number += 1
    const content = size > bounds.fileBytesMax ? null : joined(pieces, size)
    if (content !== null && isBlank(content)) {
      counts.addOther()
      return []
    }
    const name = `line ${number}`
    counts.addFile(name, size)
    return [{ name, size, content }]
  }
  let pieces: Piece[] = []
  let size = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      yield* lineOf([...pieces, chunk.subarray(from, end)], size + end - from)
      pieces = []
      size = 0
      from = end + 1
    }
    size += chunk.byteLength - from
    // Of a line that is too long nothing is kept but its length.
    pieces = size > bounds.fileBytesMax ? [] : [...pieces, chunk.subarray(from)]
  }
  yield* lineOf(pieces, size)
}

type Piece = Uint8Array

/** In memory of its own: what is passed to a thread takes the whole buffer along that it is a part of. */
function joined(pieces: readonly Piece[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let filled = 0
  for (const piece of pieces) {
    whole.set(piece, filled)
    filled += piece.byteLength
  }
  return whole
}

const BLANKS = new Set([0x20, 0x09, 0x0d])
const isBlank = (content: Uint8Array): boolean => content.every((byte) => BLANKS.has(byte))
