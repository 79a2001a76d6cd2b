import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  PublicKey,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { later } from '../clock.ts'

/**
 * The simulator's own certification authority: it issues what KSeF's would, under a name that nobody can take for
 * the ministry's.
 */
export type AuthorityState = { pkcs8?: Buffer }

export type WantedCertificate = {
  subject: Name
  /** DER of SubjectPublicKeyInfo. */
  publicKey: Buffer
  serialNumber: string
  type: 'Authentication' | 'Offline'
  validFrom: Date
}

export type IssuedCertificate = { certificate: Buffer; validFrom: Date; validTo: Date }

export type IssuingAuthority = { issue(wanted: WantedCertificate): Promise<IssuedCertificate> }

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const LIFE_MS = 2 * 365 * 24 * 3600 * 1000
const ISSUER = [{ CN: ['KSeF simulator CA'] }, { O: ['KSeF simulator'] }, { C: ['PL'] }]

/** keyUsage is what tells the types apart (certyfikaty-KSeF.md): digital signature, or non-repudiation. */
const USAGE = {
  Authentication: KeyUsageFlags.digitalSignature,
  Offline: KeyUsageFlags.nonRepudiation,
}

async function signingKey(state: AuthorityState): Promise<webcrypto.CryptoKey> {
  if (state.pkcs8 === undefined) {
    const made = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    state.pkcs8 ??= Buffer.from(await crypto.subtle.exportKey('pkcs8', made.privateKey))
  }
  return crypto.subtle.importKey('pkcs8', Buffer.from(state.pkcs8), ALGORITHM, false, ['sign'])
}

export function createIssuingAuthority(state: AuthorityState): IssuingAuthority {
  return {
    issue: async ({ subject, publicKey, serialNumber, type, validFrom }) => {
      const made = await X509CertificateGenerator.create({
        serialNumber,
        issuer: ISSUER,
        subject: subject.toJSON(),
        notBefore: validFrom,
        notAfter: later(validFrom, LIFE_MS),
        publicKey: new PublicKey(publicKey),
        signingKey: await signingKey(state),
        signingAlgorithm: ALGORITHM,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(USAGE[type], true),
        ],
      })
      return { certificate: Buffer.from(made.rawData), validFrom: made.notBefore, validTo: made.notAfter }
    },
  }
}
