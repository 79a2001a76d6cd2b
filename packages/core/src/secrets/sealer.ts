/**
 * Sealing under the fleet's master key: AES-256-GCM with the owner's tuple as associated data, so that a sealed value
 * moved to another company, session or credential does not open. Used for what must rest outside the secret store:
 * session keys in PostgreSQL and access tokens in Redis. The text carries the id of its key, for the day there are two.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'

export type Sealer = {
  seal(plain: Uint8Array, owner: readonly string[]): string
  /** Null when it was sealed for another owner, under an unknown key, or was altered. */
  open(sealed: string, owner: readonly string[]): Uint8Array | null
}

const VERSION = 'v1'
const IV_BYTES = 12
const TAG_BYTES = 16

/** @param masterKey 32 bytes. */
export function createSealer(masterKey: Uint8Array, randomBytes: (length: number) => Uint8Array): Sealer {
  if (masterKey.byteLength !== 32) throw new Error('the master key must have 32 bytes')
  const keyId = createHash('sha256').update('ksef-fleet key id').update(masterKey).digest('hex').slice(0, 8)
  return {
    seal(plain, owner) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', masterKey, iv).setAAD(encodeOwner(owner))
      const body = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      return `${VERSION}.${keyId}.${body.toString('base64url')}`
    },
    open(sealed, owner) {
      const [version, id, text, ...more] = sealed.split('.')
      if (version !== VERSION || id !== keyId || text === undefined || more.length > 0) return null
      const body = Buffer.from(text, 'base64url')
      if (body.byteLength < IV_BYTES + TAG_BYTES) return null
      const decipher = createDecipheriv('aes-256-gcm', masterKey, body.subarray(0, IV_BYTES))
      decipher.setAAD(encodeOwner(owner)).setAuthTag(body.subarray(-TAG_BYTES))
      const start = decipher.update(body.subarray(IV_BYTES, -TAG_BYTES))
      try {
        return Buffer.concat([start, decipher.final()])
      } catch {
        return null // the tag does not fit: altered, or another owner's
      }
    },
  }
}

/** Length-prefixed, so that no separator inside a value can make two owners look alike. */
export function encodeOwner(owner: readonly string[]): Buffer {
  const parts = owner.flatMap((part) => {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.byteLength)
    return [length, bytes]
  })
  return Buffer.concat(parts)
}
