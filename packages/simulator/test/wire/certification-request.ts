import 'reflect-metadata'
import { createPrivateKey } from 'node:crypto'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import type { Caller, Json } from './caller.ts'
import type { Holder } from './certificate.ts'

/** PKCS#10 requests as a taxpayer's program makes them from `GET /certificates/enrollments/data`. */
const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
export const KEYS = {
  'EC P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'EC P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'RSA 2048': { name: 'RSASSA-PKCS1-v1_5', ...RSA },
  'RSA 2048 with PSS': { name: 'RSA-PSS', saltLength: 32, ...RSA },
  'RSA 3072': { name: 'RSASSA-PKCS1-v1_5', ...RSA, modulusLength: 3072 },
}
export type KeyKind = keyof typeof KEYS

const OIDS: Record<string, string> = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  countryName: '2.5.4.6',
  organizationName: '2.5.4.10',
  givenName: '2.5.4.42',
  uniqueIdentifier: '2.5.4.45',
  organizationIdentifier: '2.5.4.97',
}

export type Request = { csr: string; holderOf: (certificate: string) => Holder }

export async function makeRequest(data: Json, kind: KeyKind = 'EC P-256'): Promise<Request> {
  const algorithm = KEYS[kind]
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new Error('no key pair')
  const name = Object.entries(OIDS)
    .filter(([member]) => data[member])
    .map(([member, oid]) => ({ [oid]: [String(data[member])] }))
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    csr: Buffer.from(made.rawData).toString('base64'),
    holderOf: (certificate) => ({
      certificate: Buffer.from(certificate, 'base64'),
      privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
    }),
  }
}

export type Certified = { serialNumber: string; holder: Holder; status: Json }

/** From the data to the certificate in hand; throws with the last answer when the request is refused. */
export async function certify(
  caller: Caller,
  token: string,
  wanted: { type?: string; kind?: KeyKind; name?: string; validFrom?: string } = {},
): Promise<Certified> {
  const { body: data } = await caller.ask('GET', '/certificates/enrollments/data', { token })
  const request = await makeRequest(data, wanted.kind)
  const { type = 'Authentication', name = 'Certyfikat testowy', validFrom } = wanted
  const body = { certificateName: name, certificateType: type, csr: request.csr, validFrom }
  const asked = await caller.ask('POST', '/certificates/enrollments', { token, body })
  if (asked.status !== 202) throw new Error(`enrolment refused: ${asked.text}`)
  const status = await caller.until(
    () => caller.ask('GET', `/certificates/enrollments/${asked.body.referenceNumber}`, { token }),
    ({ status }) => status.code !== 100,
  )
  const serialNumber = status.certificateSerialNumber
  const { body: got } = await caller.ask('POST', '/certificates/retrieve', {
    token,
    body: { certificateSerialNumbers: [serialNumber] },
  })
  return { serialNumber, status, holder: request.holderOf(got.certificates[0].certificate) }
}
