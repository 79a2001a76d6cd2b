import { constants, type KeyObject, verify } from 'node:crypto'

/** The signature at the end of KOD II (kody-qr.md, "Algorytmy podpisu"). */
const P1363_BYTES = 64
const PSS_SALT_BYTES = 32
const RSA_BITS_MIN = 2048

function verifyRsa(text: Buffer, signature: Buffer, key: KeyObject): boolean {
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) return false
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return verify('sha256', text, { key, padding, saltLength: PSS_SALT_BYTES }, signature)
}

/** R‖S, 32 bytes each, is what the Ministry recommends; ASN.1 DER is accepted as well. */
function verifyEcdsa(text: Buffer, signature: Buffer, key: KeyObject): boolean {
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false
  const isP1363 = signature.length === P1363_BYTES
  return (
    (isP1363 && verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, signature)) ||
    verify('sha256', text, { key, dsaEncoding: 'der' }, signature)
  )
}

/**
 * Whether `signature` is the holder's over the address up to itself: without `https://`, without a slash at the end.
 * RSASSA-PSS (SHA-256, MGF1 with SHA-256, salt of 32 bytes) or ECDSA on P-256.
 */
export function isSignedBy(key: KeyObject, address: string, signature: Buffer): boolean {
  const text = Buffer.from(address)
  if (key.asymmetricKeyType === 'rsa') return verifyRsa(text, signature, key)
  return key.asymmetricKeyType === 'ec' && verifyEcdsa(text, signature, key)
}
