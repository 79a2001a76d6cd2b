import type { X509Certificate } from 'node:crypto'
import { KsefRefusal } from '../refusal.ts'
import { signs } from './algorithms.ts'
import { type AuthTokenRequest, readAuthTokenRequest } from './auth-token-request.ts'
import { canonicalForm, canonicalizationOf, INCLUSIVE_C14N } from './canonical-form.ts'
import { verifyReferences, withoutSignature } from './references.ts'
import type { RequestSchema } from './request-schema.ts'
import { onlyElement, readSignedDocument, type SignedDocument } from './signed-document.ts'
import { signingCertificate } from './signing-certificate.ts'

export type VerifiedSignature = { request: AuthTokenRequest; certificate: X509Certificate }

function verifySignatureValue(signed: SignedDocument, certificate: X509Certificate): void {
  if (signed.signedInfo.find('.//comment()').length > 0)
    throw new KsefRefusal(9105, 'Komentarz w SignedInfo.')
  const canonicalization = canonicalizationOf(onlyElement(signed.signedInfo, './ds:CanonicalizationMethod'))
  const data = Buffer.from(canonicalForm(signed.signedInfo, canonicalization))
  const algorithm = onlyElement(signed.signedInfo, './ds:SignatureMethod').attr('Algorithm')?.value ?? ''
  const value = Buffer.from(onlyElement(signed.signature, './ds:SignatureValue').content, 'base64')
  if (!signs(data, { algorithm, key: certificate.publicKey, value })) {
    throw new KsefRefusal(9105, 'Wartość podpisu nie zgadza się z SignedInfo i kluczem certyfikatu.')
  }
}

/** The AuthTokenRequest alone, as the schema knows it: without the signature inside or around it. */
function unsignedRequest(signed: SignedDocument): string {
  const plain = { algorithm: INCLUSIVE_C14N, inclusivePrefixes: [] }
  return signed.packaging === 'enveloped'
    ? withoutSignature(signed, plain)
    : canonicalForm(signed.request, plain)
}

/**
 * Verifies a XAdES signature over an AuthTokenRequest from its bytes to its key. What it returns was read from
 * the signed element itself. Whether the certificate is currently valid is the caller's question (status 460).
 *
 * @throws KsefRefusal 9101, 9102, 9103, 9105, 21115, 21217 or 21401
 */
export function verifyXadesSignature(bytes: Uint8Array, schema: RequestSchema): VerifiedSignature {
  const signed = readSignedDocument(bytes)
  try {
    const certificate = signingCertificate(signed)
    verifySignatureValue(signed, certificate)
    verifyReferences(signed)
    const findings = schema(signed.request.namespaceUri, unsignedRequest(signed))
    if (findings.length > 0) throw new KsefRefusal(21401, ...findings)
    return { certificate, request: readAuthTokenRequest(signed.request) }
  } finally {
    signed.document.dispose()
  }
}
