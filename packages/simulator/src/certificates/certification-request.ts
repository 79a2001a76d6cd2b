import 'reflect-metadata'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { KsefRefusal } from '../refusal.ts'
import { type EnrollmentData, enrollmentDataOf, sameSubject } from './distinguished-name.ts'

/** A PKCS#10 request in DER and Base64 (OpenAPI, POST /certificates/enrollments). */
const HASHES: readonly unknown[] = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512']
const RSA_BITS = 2048

function parse(base64: string): Pkcs10CertificateRequest {
  try {
    return new Pkcs10CertificateRequest(Buffer.from(base64, 'base64'))
  } catch {
    throw new KsefRefusal(25004, 'Nie można odczytać PKCS#10.')
  }
}

function refuseUnfitKey(key: KeyObject): void {
  const details = key.asymmetricKeyDetails ?? {}
  const rsa = key.asymmetricKeyType === 'rsa' && details.modulusLength === RSA_BITS
  const ec = key.asymmetricKeyType === 'ec' && details.namedCurve === 'prime256v1'
  if (!rsa && !ec) throw new KsefRefusal(25010, 'Dozwolone: RSA 2048 bitów albo EC P-256.')
}

/** Whether the key inside the request made its signature; any failure of the mathematics means that it did not. */
const isSelfMade = (request: Pkcs10CertificateRequest): Promise<boolean> =>
  request.verify().catch(() => false)

function publicKeyOf(request: Pkcs10CertificateRequest): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
  } catch {
    throw new KsefRefusal(25010, 'Nie można odczytać klucza publicznego.')
  }
}

/**
 * Checks a request against the data of the certificate that signed in.
 *
 * @returns the request's public key as DER of SubjectPublicKeyInfo
 * @throws KsefRefusal 25003 other data, 25004 format or signature, 25010 key, 25011 algorithm
 */
export async function checkCertificationRequest(base64: string, expected: EnrollmentData): Promise<Buffer> {
  const request = parse(base64)
  const key = publicKeyOf(request)
  refuseUnfitKey(key)
  const { hash } = request.signatureAlgorithm
  if (!HASHES.includes(typeof hash === 'object' ? hash.name : hash))
    throw new KsefRefusal(25011, 'Dozwolone skróty: SHA1, SHA256, SHA384, SHA512.')
  if (!(await isSelfMade(request))) throw new KsefRefusal(25004, 'Podpis CSR nie zgadza się z kluczem.')
  if (!sameSubject(enrollmentDataOf(request.subjectName), expected)) throw new KsefRefusal(25003)
  return key.export({ type: 'spki', format: 'der' })
}
