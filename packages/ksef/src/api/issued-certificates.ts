// Official tag "Certyfikaty"; certyfikaty-KSeF.md of 03.02.2026, sections 6 to 8: certificates that were issued.
// They belong to the subject that signed in, whatever the context.
import 'reflect-metadata' // @peculiar/x509 resolves its algorithms through it
import { PemConverter } from '@peculiar/x509'
import * as z from 'zod'
import { type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { absentDate, wireDate } from '../wire-date.ts'
import type { KsefCertificateType } from './certificate-enrollments.ts'
import { everyPage } from './every-page.ts'
import { present } from './wire.ts'

export type RevocationReason = 'Unspecified' | 'Superseded' | 'KeyCompromise'

export type RetrievedCertificate = {
  readonly certificateSerialNumber: string
  readonly certificateName: string
  readonly certificateType: string
  readonly certificateDer: Uint8Array
  readonly certificatePem: string
}

export type CertificateMetadata = {
  readonly certificateSerialNumber: string
  readonly name: string
  readonly type: string
  readonly commonName: string
  /** `Active`, `Blocked`, `Revoked` or `Expired`. */
  readonly status: string
  readonly subjectIdentifier: { readonly type: string; readonly value: string }
  readonly validFrom: Date
  readonly validTo: Date
  readonly lastUseDate?: Date
  readonly requestDate?: Date
}

export type CertificateFilter = {
  readonly certificateSerialNumber?: string
  /** Part of the name. */
  readonly name?: string
  readonly type?: KsefCertificateType
  readonly status?: 'Active' | 'Blocked' | 'Revoked' | 'Expired'
  readonly expiresAfter?: Date
}

const serialNumber = z.string().regex(/^[0-9A-F]{16}$/)

/** Body of `POST /certificates/retrieve`: one to ten. */
export const RetrieveCertificatesRequest = z.strictObject({
  certificateSerialNumbers: z.array(serialNumber).min(1).max(10),
})
const Retrieved = z
  .object({
    certificate: z.base64(),
    certificateName: z.string(),
    certificateSerialNumber: z.string(),
    certificateType: z.string(),
  })
  .transform(({ certificate, ...rest }): RetrievedCertificate => {
    const der = Buffer.from(certificate, 'base64')
    const certificatePem = PemConverter.encode(der, PemConverter.CertificateTag)
    return { ...rest, certificateDer: Uint8Array.from(der), certificatePem }
  })
export const RetrieveCertificatesResponse = z.object({ certificates: z.array(Retrieved) })

/** Body of `POST /certificates/query`. */
export const QueryCertificatesRequest = z.strictObject({
  certificateSerialNumber: serialNumber.optional(),
  name: z.string().optional(),
  type: z.enum(['Authentication', 'Offline']).optional(),
  status: z.enum(['Active', 'Blocked', 'Revoked', 'Expired']).optional(),
  expiresAfter: z.iso.datetime().optional(),
})
const Metadata = z
  .object({
    certificateSerialNumber: z.string(),
    name: z.string(),
    type: z.string(),
    commonName: z.string().catch(''),
    status: z.string(),
    subjectIdentifier: z.object({ type: z.string(), value: z.string() }),
    validFrom: wireDate,
    validTo: wireDate,
    lastUseDate: absentDate,
    requestDate: absentDate,
  })
  .transform((certificate): CertificateMetadata => present(certificate))
export const QueryCertificatesResponse = z.object({ certificates: z.array(Metadata), hasMore: z.boolean() })

/** Body of `POST /certificates/{certificateSerialNumber}/revoke`. */
export const RevokeCertificateRequest = z.strictObject({
  revocationReason: z.enum(['Unspecified', 'Superseded', 'KeyCompromise']),
})

const PAGE_SIZE = 50

export type IssuedCertificates = {
  /** One to ten certificates by serial number; those of other subjects are left out of the answer. */
  retrieve(
    access: Sealed<string>,
    serialNumbers: readonly string[],
  ): Promise<Result<readonly RetrievedCertificate[]>>
  /** All certificates of the subject, latest request first, one request per fifty. */
  query(access: Sealed<string>, filter?: CertificateFilter): Promise<Result<readonly CertificateMetadata[]>>
  /**
   * Revokes a certificate; not after a sign-in by token. One that is revoked, blocked or expired already gives
   * `CERTIFICATE_NOT_ACTIVE`, which is what was wanted. Sign-ins made with it live on.
   */
  revoke(access: Sealed<string>, serialNumber: string, reason: RevocationReason): Promise<Result<void>>
}

export const issuedCertificates = (http: KsefHttp): IssuedCertificates => ({
  async retrieve(access, serialNumbers) {
    const json = RetrieveCertificatesRequest.parse({ certificateSerialNumbers: serialNumbers })
    const call = { operation: 'retrieveCertificates', access, json } as const
    const answer = await http.json(call, RetrieveCertificatesResponse)
    return answer.ok ? succeeded(answer.value.certificates) : answer
  },
  async query(access, { expiresAfter, ...rest } = {}) {
    const operation = 'queryCertificates'
    const json = QueryCertificatesRequest.parse(
      present({ ...rest, expiresAfter: expiresAfter?.toISOString() }),
    )
    return everyPage<CertificateMetadata, number>(operation, async (pageOffset = 0) => {
      const query = { pageOffset, pageSize: PAGE_SIZE }
      const page = await http.json({ operation, access, json, query }, QueryCertificatesResponse)
      if (!page.ok) return page
      const { certificates: items, hasMore } = page.value
      return succeeded(hasMore ? { items, next: pageOffset + 1 } : { items })
    })
  },
  async revoke(access, serial, reason) {
    const path = { certificateSerialNumber: serial }
    const json = RevokeCertificateRequest.parse({ revocationReason: reason })
    return http.empty({ operation: 'revokeCertificate', path, access, json })
  },
})
