import { createCipheriv } from 'node:crypto'
import { sha256Base64 } from './digest.ts'
import type { SessionKey } from './session-key.ts'

/** An invoice ready for `POST …/invoices`: sizes in bytes, hashes SHA-256 in Base64, content in Base64. */
export type EncryptedInvoice = {
  readonly invoiceHash: string
  readonly invoiceSize: number
  readonly encryptedInvoiceHash: string
  readonly encryptedInvoiceSize: number
  readonly encryptedInvoiceContent: string
}

/**
 * Encrypts an invoice with AES-256-CBC and PKCS#7 padding.
 *
 * The initialization vector is not prefixed to the ciphertext, although sesja-interaktywna.md says so: the
 * OpenAPI file and the Ministry's own clients send it in `initializationVector` only.
 */
export function encryptInvoice(xml: Uint8Array, key: SessionKey): EncryptedInvoice {
  const cipher = createCipheriv('aes-256-cbc', key.cipherKey.reveal(), key.initializationVector.reveal())
  const encrypted = Buffer.concat([cipher.update(xml), cipher.final()])
  return {
    invoiceHash: sha256Base64(xml),
    invoiceSize: xml.length,
    encryptedInvoiceHash: sha256Base64(encrypted),
    encryptedInvoiceSize: encrypted.length,
    encryptedInvoiceContent: encrypted.toString('base64'),
  }
}
