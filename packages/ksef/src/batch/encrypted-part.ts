import { createCipheriv, createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionKey } from '../crypto/session-key.ts'

/** An encrypted part in a file; size and hash are of what lies there and is uploaded. */
export type PackedPart = {
  readonly ordinalNumber: number
  readonly fileSize: number
  readonly fileHash: string
  readonly path: string
}

export const partFileName = (ordinalNumber: number): string => `part-${ordinalNumber}.aes`
export const PART_FILE = /^part-\d+\.aes$/

const CIPHER_BLOCK_BYTES = 16

/** How much of the archive fits into a part of at most so many encrypted bytes: padding always adds something. */
export function plainBytesOf(encryptedBytesMax: number): number {
  const plain = Math.floor(encryptedBytesMax / CIPHER_BLOCK_BYTES) * CIPHER_BLOCK_BYTES - CIPHER_BLOCK_BYTES
  if (!(plain > 0)) throw new RangeError(`a part of ${encryptedBytesMax} bytes holds nothing`)
  return plain
}

/** A part that is being written. Each has a cipher of its own, under the session's key and vector. */
export type OpenPart = {
  write(plain: Uint8Array): Promise<void>
  end(): Promise<PackedPart>
  /** Closes the file wherever writing has come to. */
  abandon(): Promise<void>
}

export async function openPart(directory: string, ordinalNumber: number, key: SessionKey): Promise<OpenPart> {
  const path = join(directory, partFileName(ordinalNumber))
  // What a dead process left is not written into: its mode and its owner may be others.
  await rm(path, { force: true })
  const file = await open(path, 'wx', 0o600)
  const cipher = createCipheriv('aes-256-cbc', key.cipherKey.reveal(), key.initializationVector.reveal())
  const hash = createHash('sha256')
  let fileSize = 0
  const append = async (encrypted: Buffer): Promise<void> => {
    hash.update(encrypted)
    fileSize += encrypted.length
    await file.appendFile(encrypted)
  }
  return {
    write: (plain) => append(cipher.update(plain)),
    async end() {
      await append(cipher.final())
      await file.close()
      return { ordinalNumber, fileSize, fileHash: hash.digest('base64'), path }
    },
    abandon: () => file.close(),
  }
}
