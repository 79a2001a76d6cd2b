import { setTimeout as sleep } from 'node:timers/promises'
import { createCertificationRequest, createKsefClient, loadCertificate, type Result } from '@ksef-fleet/ksef'

const PAUSE_MS = 50
const LOOKS_MAX = 200

/**
 * A KSeF certificate of type Offline, enrolled for by the owner of the NIP in its own context (certyfikaty-KSeF.md).
 *
 * @throws Error with KSeF's answer
 */
export async function offlineCertificateOf(
  nip: string,
  by: {
    seal: { certificatePem: string; privateKeyPem: string }
    ksefUrl: string
    algorithm?: 'EC' | 'RSA'
    now?: Date
  },
): Promise<{ certificatePem: string; privateKeyPem: string; serialNumber: string }> {
  const ksef = createKsefClient({ baseUrl: by.ksefUrl })
  const certificate = loadCertificate(by.seal, by.now)
  const context = { type: 'Nip', value: nip } as const
  const access = given(await ksef.signIn.withCertificate({ context, certificate })).accessToken.token
  const subject = given(await ksef.certificates.enrollmentData(access))
  const algorithm = by.algorithm ?? 'EC'
  const { csr, privateKeyPem } = await createCertificationRequest({ subject, algorithm })
  const enrollment = { certificateName: 'Kody faktur offline', certificateType: 'Offline', csr } as const
  const { referenceNumber } = given(await ksef.certificates.enroll(access, enrollment))
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const asked = given(await ksef.certificates.enrollmentStatus(access, referenceNumber))
    const { certificateSerialNumber: serialNumber } = asked
    if (serialNumber === undefined) await sleep(PAUSE_MS)
    else {
      const [issued] = given(await ksef.certificates.retrieve(access, [serialNumber]))
      if (issued === undefined) break
      const { certificatePem } = issued
      return { certificatePem, privateKeyPem: privateKeyPem.reveal(), serialNumber }
    }
  }
  throw new Error('KSeF did not issue the certificate')
}

function given<T>(result: Result<T>): T {
  if (result.ok) return result.value
  const { operation, code, description = '' } = result.failure
  throw new Error(`${operation}: ${code} ${description}`)
}
