/** What a company's owner does in KSeF and sees there, past the fleet: tokens, certificates, grants. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SuppliedCredential } from '@ksef-fleet/core'
import {
  type CertificateMetadata,
  createCertificationRequest,
  createKsefClient,
  type KsefClient,
  type KsefTokenMetadata,
  loadCertificate,
  type Result,
  Sealed,
  type TokenPermission,
} from '@ksef-fleet/ksef'
import { sealOf } from '../../src/fleet/demo-company.ts'

/** KSeF as the owner of a NIP sees it, signed in with a seal of its own. */
export type OwnersView = {
  newToken(permissions?: readonly TokenPermission[]): Promise<SuppliedCredential>
  newCertificate(): Promise<SuppliedCredential>
  tokens(): Promise<readonly KsefTokenMetadata[]>
  certificates(): Promise<readonly CertificateMetadata[]>
  /** Sign-ins of the owner's subject that may still be refreshed, but this one. */
  signIns(): Promise<number>
  grant(to: string, permissions?: readonly string[]): Promise<void>
}

const PAUSE_MS = 15

export async function ownersView(ksef: KsefClient, ksefUrl: string, nip: string): Promise<OwnersView> {
  const certificate = loadCertificate(await sealOf(nip, `Firma ${nip}`))
  const context = { type: 'Nip', value: nip } as const
  const { accessToken } = given(await ksef.signIn.withCertificate({ context, certificate }))
  const access = accessToken.token
  return {
    async newToken(permissions = ['InvoiceRead', 'InvoiceWrite']) {
      const made = given(await ksef.tokens.generate(access, { permissions, description: 'Faktury firmy' }))
      while (given(await ksef.tokens.status(access, made.referenceNumber)).status === 'Pending')
        await sleep(PAUSE_MS)
      return { type: 'token', token: made.token }
    },
    async newCertificate() {
      const subject = given(await ksef.certificates.enrollmentData(access))
      const { csr, privateKeyPem } = await createCertificationRequest({ subject })
      const wanted = { certificateName: 'Faktury firmy', certificateType: 'Authentication', csr } as const
      const { referenceNumber } = given(await ksef.certificates.enroll(access, wanted))
      for (;;) {
        const asked = given(await ksef.certificates.enrollmentStatus(access, referenceNumber))
        if (asked.certificateSerialNumber === undefined) {
          await sleep(PAUSE_MS)
          continue
        }
        const [issued] = given(await ksef.certificates.retrieve(access, [asked.certificateSerialNumber]))
        if (issued === undefined) throw new Error('the certificate is not there')
        return { type: 'certificate', certificatePem: issued.certificatePem, privateKeyPem }
      }
    },
    tokens: async () => given(await ksef.tokens.list(access)),
    certificates: async () => given(await ksef.certificates.query(access)),
    async signIns() {
      const all = given(await ksef.authSessions.list(access))
      return all.filter(({ isCurrent }) => !isCurrent).length
    },
    grant: (to, permissions = ['InvoiceRead', 'InvoiceWrite']) => grant(ksefUrl, { nip, to, permissions }),
  }
}

async function grant(
  ksefUrl: string,
  { nip, to, permissions }: { nip: string; to: string; permissions: readonly string[] },
): Promise<void> {
  const answer = await fetch(`${ksefUrl}/testdata/permissions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      contextIdentifier: { type: 'Nip', value: nip },
      authorizedIdentifier: { type: 'Nip', value: to },
      permissions: permissions.map((permissionType) => ({ permissionType, description: 'Obsługa faktur' })),
    }),
  })
  if (!answer.ok) throw new Error(`the grant was refused: ${answer.status} ${await answer.text()}`)
}

function given<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(`${result.failure.operation}: ${result.failure.code} ${result.failure.description ?? ''}`)
}

export const clientOf = (ksefUrl: string): KsefClient => createKsefClient({ baseUrl: ksefUrl })

export const seal = async (nip: string): Promise<SuppliedCredential> => {
  const { certificatePem, privateKeyPem } = await sealOf(nip, `Firma ${nip}`)
  return { type: 'certificate', certificatePem, privateKeyPem: new Sealed(privateKeyPem) }
}
