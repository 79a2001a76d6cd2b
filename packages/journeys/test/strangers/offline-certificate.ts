import { type Strangers, until } from './strangers.ts'

/** A certificate of type Offline, which signs KOD II, enrolled for by `ksef-client-ts`. */
export async function offlineCertificate({ ts }: Strangers, key: 'RSA' | 'ECDSA') {
  const data = await ts.certificates.getEnrollmentData()
  const csr = key === 'RSA' ? await ts.crypto.generateCsrRsa(data) : await ts.crypto.generateCsrEcdsa(data)
  const { referenceNumber } = await ts.certificates.enroll({
    certificateName: 'Certyfikat do wydruków',
    certificateType: 'Offline',
    csr: Buffer.from(csr.csrDer).toString('base64'),
  })
  const enrolled = await until(
    () => ts.certificates.getEnrollmentStatus(referenceNumber),
    ({ status }) => status.code !== 100,
  )
  return { serialNumber: enrolled.certificateSerialNumber ?? '', privateKeyPem: csr.privateKeyPem }
}
