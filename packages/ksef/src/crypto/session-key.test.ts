import { constants, createHash, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { newSessionKey, sessionKeyOf, wrapKey } from './session-key.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** EME-OAEP decoding by hand (RFC 8017, 7.1.2) after a raw RSA operation: independent of Node's OAEP. */
function oaepDecode(cipherText: Buffer): Buffer {
  const encoded = privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, cipherText)
  const mask = (seed: Buffer, length: number): Buffer => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, counter) => {
      const suffix = Buffer.alloc(4)
      suffix.writeUInt32BE(counter)
      return createHash('sha256').update(seed).update(suffix).digest()
    })
    return Buffer.concat(blocks).subarray(0, length)
  }
  const xor = (a: Buffer, b: Buffer) => Buffer.from(a.map((byte, index) => byte ^ b[index]!))
  const [maskedSeed, maskedBlock] = [encoded.subarray(1, 33), encoded.subarray(33)]
  const seed = xor(maskedSeed, mask(maskedBlock, 32))
  const block = xor(maskedBlock, mask(seed, maskedBlock.length))
  expect(encoded[0]).toBe(0)
  expect(block.subarray(0, 32)).toEqual(createHash('sha256').digest())
  return block.subarray(block.indexOf(1, 32) + 1)
}

test('a wrapped key opens by OAEP with SHA-256 in hash and mask', () => {
  const key = newSessionKey(randomBytes)
  const wrapped = wrapKey(key, {
    publicKeyId: 'QIoAK/Yc3s27Z4t3SZY4Mhp8JNLH7Vl4N3lNlJAEig8=',
    key: publicKey,
  })
  expect(oaepDecode(Buffer.from(wrapped.encryptedSymmetricKey, 'base64'))).toEqual(key.cipherKey.reveal())
  expect(Buffer.from(wrapped.initializationVector, 'base64')).toEqual(key.initializationVector.reveal())
  expect(wrapped.publicKeyId).toBe('QIoAK/Yc3s27Z4t3SZY4Mhp8JNLH7Vl4N3lNlJAEig8=')
})

test('key and vector are drawn from the source given, in this order', () => {
  let next = 0
  const key = newSessionKey((size) => new Uint8Array(size).fill(++next))
  expect(key.cipherKey.reveal()).toEqual(new Uint8Array(32).fill(1))
  expect(key.initializationVector.reveal()).toEqual(new Uint8Array(16).fill(2))
  expect(JSON.stringify(key)).toBe('{"cipherKey":"[sealed]","initializationVector":"[sealed]"}')
})

test('bytes of another length are no session key', () => {
  expect(() => sessionKeyOf(new Uint8Array(31), new Uint8Array(16))).toThrow(RangeError)
  expect(() => sessionKeyOf(new Uint8Array(32), new Uint8Array(12))).toThrow(RangeError)
})
