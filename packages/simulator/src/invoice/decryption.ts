import { createDecipheriv, createHash } from 'node:crypto'

export const sha256Base64 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

export type SymmetricKey = { key: Buffer; initializationVector: Buffer }

/** AES-256-CBC with PKCS#7; undefined when key, vector or padding do not fit. */
export function decryptInvoice(
  ciphertext: Buffer,
  { key, initializationVector }: SymmetricKey,
): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, initializationVector)
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    return undefined // The caller gives the invoice status 435; there is nothing more to learn from the error.
  }
}
