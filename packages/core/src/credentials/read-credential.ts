import { X509Certificate } from 'node:crypto'
import { Sealed } from '@ksef-fleet/ksef'
import { FleetError } from '../errors.ts'
import type { KsefContext } from '../integrations/integration.ts'
import { readCertificate } from '../integrations/read-certificate.ts'
import type { CredentialSecret } from '../secrets/credential-secret.ts'
import type { CredentialKind, CredentialVersion } from './credential.ts'

/** A credential as its owner supplies it. Key, passphrase and token arrive sealed and are never echoed. */
export type SuppliedCredential =
  | {
      type: 'certificate'
      certificatePem: string
      privateKeyPem: Sealed<string>
      passphrase?: Sealed<string>
    }
  | { type: 'pkcs12'; pkcs12: Uint8Array; passphrase: Sealed<string> }
  | { type: 'token'; token: Sealed<string> }

/** What a supplied credential tells of itself. */
export type CredentialFacts = Pick<
  CredentialVersion,
  'referenceNumber' | 'serialNumber' | 'fingerprint' | 'subject' | 'notBefore' | 'notAfter'
>

export type ReadCredential = {
  kind: CredentialKind
  secret: CredentialSecret
  facts: CredentialFacts
  /** The context a token names itself; null for a certificate, and for a token that names none. */
  namedContext: KsefContext | null
}

/** What a credential is supplied for: to sign in, or to sign the codes of invoices issued offline. */
export const CREDENTIAL_PURPOSES = ['sign-in', 'offline-codes'] as const
export type CredentialPurpose = (typeof CREDENTIAL_PURPOSES)[number]

/** @throws FleetError CREDENTIAL_UNREADABLE, CREDENTIAL_EXPIRED and what `readCertificate` throws besides */
export function readCredential(
  supplied: SuppliedCredential,
  now: Date,
  purpose: CredentialPurpose = 'sign-in',
): ReadCredential {
  if (supplied.type !== 'token') return readSigner(supplied, now, purpose)
  if (purpose === 'offline-codes') throw new FleetError('CREDENTIAL_NOT_OFFLINE_TYPE')
  return readToken(supplied.token)
}

/** `<reference number>|<context>|<secret>`, as KSeF makes them; the form is not documented, so others pass. */
const KSEF_TOKEN = /^(\d{8}-[0-9A-Z]{2}-[0-9A-Z-]{10,30})\|(nip|internalId|nipVatUe)-([^|]+)\|[^|]+$/i

const CONTEXT_TYPES: Record<string, KsefContext['type']> = {
  nip: 'Nip',
  internalid: 'InternalId',
  nipvatue: 'NipVatUe',
}

function readToken(given: Sealed<string>): ReadCredential {
  const token = new Sealed(given.reveal().trim())
  if (!/^[\x21-\x7e]{20,2000}$/.test(token.reveal()))
    throw new FleetError('CREDENTIAL_UNREADABLE', {
      detail: 'The token is empty, too short, or not one line of visible ASCII characters.',
    })
  const [, referenceNumber = null, type = '', value] = KSEF_TOKEN.exec(token.reveal()) ?? []
  const contextType = CONTEXT_TYPES[type.toLowerCase()]
  return {
    kind: 'token',
    secret: { kind: 'token', token },
    facts: {
      referenceNumber,
      serialNumber: null,
      fingerprint: null,
      subject: null,
      notBefore: null,
      notAfter: null,
    },
    namedContext: contextType === undefined || value === undefined ? null : { type: contextType, value },
  }
}

function readSigner(
  supplied: Exclude<SuppliedCredential, { type: 'token' }>,
  now: Date,
  purpose: CredentialPurpose,
): ReadCredential {
  const isForCodes = purpose === 'offline-codes'
  const certificate = readCertificate(
    supplied.type === 'pkcs12'
      ? { pkcs12: supplied.pkcs12, passphrase: supplied.passphrase.reveal() }
      : {
          certificatePem: supplied.certificatePem,
          privateKeyPem: supplied.privateKeyPem.reveal(),
          ...(supplied.passphrase === undefined ? {} : { passphrase: supplied.passphrase.reveal() }),
        },
    now,
    isForCodes ? 'offline' : 'sign-in',
  )
  // Kept as PEM whatever form it came in; the passphrase has done its work and is forgotten.
  const privateKeyPem = certificate.privateKey.reveal().export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    kind: isForCodes ? 'offline-certificate' : 'certificate',
    secret: {
      kind: 'certificate',
      certificatePem: new X509Certificate(certificate.certificateDer).toString(),
      privateKeyPem: new Sealed(privateKeyPem),
    },
    facts: {
      referenceNumber: null,
      serialNumber: certificate.serialNumber,
      fingerprint: certificate.fingerprintSha256,
      subject: certificate.subject,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    },
    namedContext: null,
  }
}
