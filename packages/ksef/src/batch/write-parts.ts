import { createHash } from 'node:crypto'
import type { SessionKey } from '../crypto/session-key.ts'
import { BATCH_PARTS_MAX } from './bounds.ts'
import { type OpenPart, openPart, type PackedPart, plainBytesOf } from './encrypted-part.ts'
import { PackageError } from './package-error.ts'

/** The archive as it was before it was cut and encrypted, and its parts. */
export type WrittenParts = {
  readonly fileSize: number
  /** SHA-256 in Base64. */
  readonly fileHash: string
  readonly parts: readonly PackedPart[]
}

export type Spool = {
  readonly directory: string
  readonly key: SessionKey
  /** Bytes of an encrypted part. */
  readonly partBytesMax: number
}

/**
 * Cuts an archive into parts as it comes and writes each down encrypted.
 * @throws PackageError when it has more parts than KSeF takes
 */
export async function writeParts(
  archive: AsyncIterable<Uint8Array>,
  { directory, key, partBytesMax }: Spool,
): Promise<WrittenParts> {
  const plainBytes = plainBytesOf(partBytesMax)
  const hash = createHash('sha256')
  const parts: PackedPart[] = []
  let open: { part: OpenPart; room: number } | undefined
  let fileSize = 0
  const next = async () => {
    if (parts.length === BATCH_PARTS_MAX) throw new PackageError('PACKAGE_TOO_LARGE')
    return { part: await openPart(directory, parts.length + 1, key), room: plainBytes }
  }
  try {
    for await (const chunk of archive) {
      hash.update(chunk)
      fileSize += chunk.length
      for (let rest = chunk; rest.length > 0; ) {
        open ??= await next()
        const piece = rest.subarray(0, open.room)
        await open.part.write(piece)
        open.room -= piece.length
        rest = rest.subarray(piece.length)
        if (open.room > 0) continue
        parts.push(await open.part.end())
        open = undefined
      }
    }
    if (open !== undefined) parts.push(await open.part.end())
  } catch (error) {
    await open?.part.abandon()
    throw error
  }
  return { fileSize, fileHash: hash.digest('base64'), parts }
}
