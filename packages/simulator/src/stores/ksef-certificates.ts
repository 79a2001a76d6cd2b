import { type Clock, later } from '../clock.ts'
import { keyOf, type Subject } from '../identity.ts'
import { delayOf } from '../processing-delays.ts'
import type { Settings } from '../settings.ts'
import type { Status } from './authentications.ts'

/**
 * KSeF certificates and the requests for them. States of a request: 100 until `readyAt`, then its outcome. States of
 * a certificate: Active from `issuedAt`; Expired after `validTo`; Blocked when revoked, Revoked once that is done
 * (certyfikaty-KSeF.md; schema CertificateListItemStatus).
 */
export type KsefCertificateType = 'Authentication' | 'Offline'
export type KsefCertificateStatus = 'Active' | 'Blocked' | 'Revoked' | 'Expired'

export type KsefCertificate = {
  /** 16 upper-case hexadecimal digits. */
  serialNumber: string
  name: string
  type: KsefCertificateType
  commonName: string
  subject: Subject
  /** DER of the X.509 certificate. */
  certificate: Buffer
  /** Base64 DER of its SubjectPublicKeyInfo. */
  publicKey: string
  requestDate: Date
  issuedAt: Date
  validFrom: Date
  /** May be earlier than the certificate itself says: a test may shorten it. */
  validTo: Date
  lastUseDate?: Date
  revokedAt?: Date
}

export type Enrollment = {
  referenceNumber: string
  subject: Subject
  requestDate: Date
  readyAt: Date
  outcome: Status
  certificateSerialNumber?: string
}

export type CertificatesState = {
  certificates: Map<string, KsefCertificate>
  enrollments: Map<string, Enrollment>
}

export type KsefCertificates = {
  addEnrollment(enrollment: Enrollment): void
  findEnrollment(referenceNumber: string): Enrollment | undefined
  enrollmentsOf(subjects: readonly Subject[]): Enrollment[]
  add(certificate: KsefCertificate): void
  /** An issued certificate by its serial number; whose it is does not matter here. */
  find(serialNumber: string): KsefCertificate | undefined
  /** The record of exactly these bytes. */
  byDer(der: Uint8Array): KsefCertificate | undefined
  /** Issued certificates, the latest request first. */
  of(subjects: readonly Subject[]): KsefCertificate[]
  /** Whose the public key already is, issued or about to be. */
  ownerOfKey(publicKey: string): Subject | undefined
  statusOf(certificate: KsefCertificate): KsefCertificateStatus
}

export function createKsefCertificates(
  { clock, settings }: { clock: Clock; settings: Settings },
  { certificates, enrollments }: CertificatesState,
): KsefCertificates {
  const issued = () => [...certificates.values()].filter((one) => one.issuedAt <= clock.now())
  const belongsTo = (subjects: readonly Subject[]) => {
    const keys = new Set(subjects.map(keyOf))
    return ({ subject }: { subject: Subject }) => keys.has(keyOf(subject))
  }
  return {
    addEnrollment: (enrollment) => void enrollments.set(enrollment.referenceNumber, enrollment),
    findEnrollment: (referenceNumber) => enrollments.get(referenceNumber),
    enrollmentsOf: (subjects) => [...enrollments.values()].filter(belongsTo(subjects)),
    add: (certificate) => void certificates.set(certificate.serialNumber, certificate),
    find: (serialNumber) => issued().find((one) => one.serialNumber === serialNumber),
    byDer: (der) => issued().find((one) => one.certificate.equals(der)),
    of: (subjects) =>
      issued()
        .filter(belongsTo(subjects))
        .sort((a, b) => b.requestDate.getTime() - a.requestDate.getTime()),
    ownerOfKey: (publicKey) => [...certificates.values()].find((one) => one.publicKey === publicKey)?.subject,
    statusOf: (certificate) => {
      const now = clock.now()
      if (certificate.revokedAt !== undefined)
        return now < later(certificate.revokedAt, delayOf(settings, 'certificate')) ? 'Blocked' : 'Revoked'
      return now > certificate.validTo ? 'Expired' : 'Active'
    },
  }
}
