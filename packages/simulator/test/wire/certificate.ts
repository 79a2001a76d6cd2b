import 'reflect-metadata'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'

/** A self-signed certificate of a taxpayer, as the environment TEST accepts them. */
export type Holder = { certificate: Buffer; privateKey: KeyObject }

export type Wanted = {
  /** Subject attributes, e.g. `{ '2.5.4.97': ['VATPL-…'] }` for a seal. */
  name?: Record<string, string[]>[]
  key?: 'RSA' | 'P-256' | 'P-384'
  notBefore?: Date
  notAfter?: Date
}

const ALGORITHMS = {
  RSA: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
}

const YEAR_MS = 365 * 24 * 3600 * 1000

export const sealOf = (nip: string) => [{ CN: ['Firma'] }, { '2.5.4.97': [`VATPL-${nip}`] }, { C: ['PL'] }]
export const personOf = (serialNumber: string) => [
  { '2.5.4.42': ['Jan'] },
  { '2.5.4.4': ['Kowalski'] },
  { '2.5.4.5': [serialNumber] },
  { CN: ['Jan Kowalski'] },
]

export async function makeHolder(wanted: Wanted = {}): Promise<Holder> {
  const algorithm = ALGORITHMS[wanted.key ?? 'P-256']
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await X509CertificateGenerator.createSelfSigned({
    name: wanted.name ?? sealOf('5265877635'),
    notBefore: wanted.notBefore ?? new Date(Date.now() - YEAR_MS),
    notAfter: wanted.notAfter ?? new Date(Date.now() + YEAR_MS),
    keys,
    signingAlgorithm: algorithm,
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    certificate: Buffer.from(made.rawData),
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
  }
}
