import { KeyObject, webcrypto } from 'node:crypto'

/** Both ends of a fresh key, for the library that signs with it, and the private one to keep. */
export type NewKeyPair = { readonly keys: webcrypto.CryptoKeyPair; readonly privateKeyPem: string }

/** What KSeF takes everywhere: RSA of exactly 2048 bits (25010 for more in a request), EC on P-256. */
export const KEY_ALGORITHMS = {
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  'ecdsa-p256': { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
} as const

/** Makes a key pair; the private key as PKCS#8 in PEM. */
export async function newKeyPair(algorithm: keyof typeof KEY_ALGORITHMS): Promise<NewKeyPair> {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHMS[algorithm], true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new TypeError('a key pair is due')
  const pem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' })
  return { keys, privateKeyPem: String(pem) }
}
