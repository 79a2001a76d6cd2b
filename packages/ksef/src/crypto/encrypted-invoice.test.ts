import { createDecipheriv, webcrypto } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encryptInvoice } from './encrypted-invoice.ts'
import { sessionKeyOf } from './session-key.ts'

const fixed = sessionKeyOf(
  Uint8Array.from({ length: 32 }, (_, i) => i),
  Uint8Array.from({ length: 16 }, (_, i) => 255 - i),
)

test('a known invoice and key give a known ciphertext, hashes and sizes', () => {
  // Golden values from `openssl enc -aes-256-cbc -K 0001…1f -iv fffe…f0` and `openssl dgst -sha256`.
  expect(encryptInvoice(Buffer.from('<Faktura/>'), fixed)).toEqual({
    invoiceHash: 'XWAwbj918SGCaDlMnqGTNpRl32IykC0imJOL6KKYyFs=',
    invoiceSize: 10,
    encryptedInvoiceHash: 'SnLzyfLbz7RbqBEsxmx7xDcPSmq9ax+33mkspZhF1+k=',
    encryptedInvoiceSize: 16,
    encryptedInvoiceContent: 'G/rqYs6f5tHyaEv2dokxhg==',
  })
})

test('WebCrypto decrypts what was encrypted, and finds the same hashes', async () => {
  const imported = await webcrypto.subtle.importKey(
    'raw',
    Uint8Array.from(fixed.cipherKey.reveal()),
    'AES-CBC',
    false,
    ['decrypt'],
  )
  const hash = async (bytes: Uint8Array) =>
    Buffer.from(await webcrypto.subtle.digest('SHA-256', Uint8Array.from(bytes))).toString('base64')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (xml) => {
      const encrypted = encryptInvoice(xml, fixed)
      const content = Buffer.from(encrypted.encryptedInvoiceContent, 'base64')
      const iv = Uint8Array.from(fixed.initializationVector.reveal())
      const plain = await webcrypto.subtle.decrypt({ name: 'AES-CBC', iv }, imported, content)
      expect(new Uint8Array(plain)).toEqual(xml)
      expect([encrypted.invoiceHash, encrypted.encryptedInvoiceHash]).toEqual([
        await hash(xml),
        await hash(content),
      ])
      expect([encrypted.invoiceSize, encrypted.encryptedInvoiceSize]).toEqual([xml.length, content.length])
    }),
    { numRuns: 30 },
  )
})

test('the initialization vector is not prefixed to the ciphertext', () => {
  const content = Buffer.from(encryptInvoice(Buffer.from('x'), fixed).encryptedInvoiceContent, 'base64')
  const decipher = createDecipheriv(
    'aes-256-cbc',
    fixed.cipherKey.reveal(),
    fixed.initializationVector.reveal(),
  )
  expect(Buffer.concat([decipher.update(content), decipher.final()]).toString()).toBe('x')
})
