import 'reflect-metadata' // @peculiar/x509 resolves its algorithms through it
import { Name, Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import type { EnrollmentData } from '../api/certificate-enrollments.ts'
import { Sealed } from '../sealed.ts'
import { KEY_ALGORITHMS, newKeyPair } from './new-key-pair.ts'
import {
  SUBJECT_OIDS,
  type SubjectAttribute,
  type SubjectAttributeName,
  subjectAttribute,
} from './subject-attributes.ts'

/** A PKCS#10 request as `POST /certificates/enrollments` takes it, with the key it asks a certificate for. */
export type CertificationRequest = {
  /** DER in Base64. */
  readonly csr: string
  /** PKCS#8 in PEM. The only copy: store it before the request is sent. */
  readonly privateKeyPem: Sealed<string>
}

const NAMES = Object.keys(SUBJECT_OIDS) as readonly SubjectAttributeName[]

const attributesOf = (subject: EnrollmentData): SubjectAttribute[] =>
  NAMES.flatMap((name) => [subject[name] ?? []].flat().map((value) => subjectAttribute(name, value)))

/**
 * Makes a key and a request for its certificate (certyfikaty-KSeF.md, section 3). The subject repeats KSeF's
 * enrolment data word for word, since any difference is refused with 25003. EC, which KSeF recommends, when
 * no algorithm is named; an ECDSA signature is DER here (RFC 3279), unlike the one in XAdES.
 */
export async function createCertificationRequest(request: {
  readonly subject: EnrollmentData
  readonly algorithm?: 'EC' | 'RSA'
}): Promise<CertificationRequest> {
  const algorithm = request.algorithm === 'RSA' ? 'rsa' : 'ecdsa-p256'
  const { keys, privateKeyPem } = await newKeyPair(algorithm)
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: new Name(attributesOf(request.subject)),
    keys,
    signingAlgorithm: KEY_ALGORITHMS[algorithm],
  })
  return { csr: Buffer.from(made.rawData).toString('base64'), privateKeyPem: new Sealed(privateKeyPem) }
}
