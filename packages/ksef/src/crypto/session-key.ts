import { constants, type KeyObject, publicEncrypt } from 'node:crypto'
import { Sealed } from '../sealed.ts'

export const CIPHER_KEY_BYTES = 32
export const INITIALIZATION_VECTOR_BYTES = 16

/**
 * The symmetric key of one sending session: 32 bytes for AES-256-CBC and a 16-byte initialization vector.
 * KSeF recommends a fresh one for every session (sesja-interaktywna.md).
 */
export type SessionKey = {
  readonly cipherKey: Sealed<Uint8Array>
  readonly initializationVector: Sealed<Uint8Array>
}

/** A session key wrapped for KSeF: the `encryption` member of an opening request. */
export type WrappedSessionKey = {
  readonly encryptedSymmetricKey: string
  readonly initializationVector: string
  readonly publicKeyId: string
}

/** Draws a session key from the given source, e.g. `crypto.randomBytes`. */
export const newSessionKey = (randomBytes: (size: number) => Uint8Array): SessionKey =>
  sessionKeyOf(randomBytes(CIPHER_KEY_BYTES), randomBytes(INITIALIZATION_VECTOR_BYTES))

/**
 * Rebuilds a session key from stored bytes.
 * @throws RangeError when a length is not 32 and 16: such a key was never ours.
 */
export function sessionKeyOf(cipherKey: Uint8Array, initializationVector: Uint8Array): SessionKey {
  if (cipherKey.length !== CIPHER_KEY_BYTES) throw new RangeError('a session key has 32 bytes')
  if (initializationVector.length !== INITIALIZATION_VECTOR_BYTES) {
    throw new RangeError('an initialization vector has 16 bytes')
  }
  return { cipherKey: new Sealed(cipherKey), initializationVector: new Sealed(initializationVector) }
}

/** RSAES-OAEP with SHA-256 for both the hash and MGF1; any other padding ends in status 415. */
export const encryptForKsef = (plain: Uint8Array, publicKey: KeyObject): Uint8Array =>
  publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, plain)

/** Wraps a session key with a `SymmetricKeyEncryption` key of the Ministry. */
export function wrapKey(
  sessionKey: SessionKey,
  publicKey: { readonly publicKeyId: string; readonly key: KeyObject },
): WrappedSessionKey {
  const wrapped = encryptForKsef(sessionKey.cipherKey.reveal(), publicKey.key)
  return {
    encryptedSymmetricKey: Buffer.from(wrapped).toString('base64'),
    initializationVector: Buffer.from(sessionKey.initializationVector.reveal()).toString('base64'),
    publicKeyId: publicKey.publicKeyId,
  }
}
