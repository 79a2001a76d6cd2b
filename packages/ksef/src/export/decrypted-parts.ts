import { createDecipheriv, createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { ExportPart } from '../api/invoice-exports.ts'
import type { SessionKey } from '../crypto/session-key.ts'
import { ExportPackageError } from './package-problem.ts'

/** A downloaded part in a file, and what its bytes come to once decrypted. */
export type DownloadedPart = Pick<ExportPart, 'ordinalNumber' | 'partSize' | 'partHash'> & {
  readonly path: string
}

const READ_BYTES = 256 * 1024

/**
 * The archive that the parts hold, in pieces as they are decrypted. Each part is proved by size and hash at its end: what
 * came before the end of the generator is not proved yet.
 *
 * @throws ExportPackageError
 */
export async function* decryptedParts(
  parts: readonly DownloadedPart[],
  key: SessionKey,
): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* decrypted(part, key)
}

async function* decrypted(part: DownloadedPart, key: SessionKey): AsyncGenerator<Uint8Array> {
  const decipher = createDecipheriv('aes-256-cbc', key.cipherKey.reveal(), key.initializationVector.reveal())
  const hash = createHash('sha256')
  let size = 0
  const seen = (piece: Uint8Array): Uint8Array => {
    hash.update(piece)
    size += piece.length
    return piece
  }
  await using file = await open(part.path)
  for (;;) {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(READ_BYTES) })
    if (bytesRead === 0) break
    yield seen(decipher.update(buffer.subarray(0, bytesRead)))
  }
  yield seen(lastOf(decipher))
  if (size !== part.partSize || hash.digest('base64') !== part.partHash)
    throw new ExportPackageError('EXPORT_PART_CORRUPT')
}

function lastOf(decipher: ReturnType<typeof createDecipheriv>): Uint8Array {
  try {
    return decipher.final()
  } catch {
    throw new ExportPackageError('EXPORT_UNDECRYPTABLE')
  }
}
