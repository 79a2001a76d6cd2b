import type { SymmetricKey } from './invoice/decryption.ts'
import { KsefRefusal } from './refusal.ts'
import { base64, object, publicKeyId } from './request-schemas.ts'
import type { World } from './world.ts'

/** Schema EncryptionInfo: the AES key of a session or an export, wrapped for the Ministry. */
export type EncryptionInfo = {
  encryptedSymmetricKey: string
  initializationVector: string
  publicKeyId?: string | null
}

export const encryptionInfo = object(['encryptedSymmetricKey', 'initializationVector'], {
  encryptedSymmetricKey: base64,
  initializationVector: base64,
  publicKeyId,
})

const AES_KEY_BYTES = 32
const AES_BLOCK_BYTES = 16

/**
 * Unwraps the key; undefined when it cannot be opened, which is told later by status 415.
 *
 * @throws KsefRefusal 21470 for a retired key of the Ministry, 21405 for a vector of another length than 16 bytes
 */
export function unwrapKey(world: World, encryption: EncryptionInfo): SymmetricKey | undefined {
  const initializationVector = Buffer.from(encryption.initializationVector, 'base64')
  if (initializationVector.length !== AES_BLOCK_BYTES)
    throw new KsefRefusal(21405, 'initializationVector musi mieć 16 bajtów.')
  const selected = encryption.publicKeyId ?? undefined
  if (selected !== undefined && !world.keys.accepts('SymmetricKeyEncryption', selected)) {
    throw new KsefRefusal(21470, `Klucz o identyfikatorze ${selected} nie jest wspierany.`)
  }
  const wrapped = Buffer.from(encryption.encryptedSymmetricKey, 'base64')
  const key = world.keys.open('SymmetricKeyEncryption', wrapped, selected)
  return key?.length === AES_KEY_BYTES ? { key, initializationVector } : undefined
}
