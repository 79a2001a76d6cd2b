import 'reflect-metadata'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  certificateFacts,
  createCertificationRequest,
  type KsefCertificateType,
  type KsefClient,
  loadCertificate,
  meaningOfEnrollmentStatus,
  Sealed,
  UNBOUND,
} from '../src/index.ts'
import { json, startLocalServer } from './local-server.ts'
import { clientOf, type RunningSimulator, signInWithSeal, startSimulatorProcess, taken } from './simulator.ts'

const NIP = '5265877635'
const context = { type: 'Nip', value: NIP } as const
let simulator: RunningSimulator
let client: KsefClient
beforeAll(async () => {
  simulator = await startSimulatorProcess()
  client = clientOf(simulator)
})
afterAll(async () => {
  await client.close()
  await simulator[Symbol.asyncDispose]()
})

const bySeal = async () => (await signInWithSeal(client, NIP)).accessToken.token

/** From the subject's data to the issued certificate and its key. */
async function enrolled(
  access: Sealed<string>,
  wanted: { algorithm?: 'EC' | 'RSA'; certificateType?: KsefCertificateType; name?: string } = {},
) {
  const { algorithm = 'EC', certificateType = 'Authentication', name = 'Flota 1' } = wanted
  const subject = taken(await client.certificates.enrollmentData(access))
  const { csr, privateKeyPem } = await createCertificationRequest({ subject, algorithm })
  const enrollment = { certificateName: name, certificateType, csr }
  const { referenceNumber } = taken(await client.certificates.enroll(access, enrollment))
  for (;;) {
    const { status, certificateSerialNumber } = taken(
      await client.certificates.enrollmentStatus(access, referenceNumber),
    )
    const { outcome } = meaningOfEnrollmentStatus(status.code)
    if (outcome === 'done' && certificateSerialNumber !== undefined)
      return { certificateSerialNumber, privateKeyPem }
    expect(outcome).toBe('pending')
    await wait(5)
  }
}

describe('enrolment', () => {
  test.each(['EC', 'RSA'] as const)(
    'with an %s key ends in a certificate that signs in, until it is revoked',
    async (algorithm) => {
      const access = await bySeal()
      const { certificateSerialNumber, privateKeyPem } = await enrolled(access, { algorithm })
      const [issued] = taken(await client.certificates.retrieve(access, [certificateSerialNumber]))
      if (issued === undefined) throw new Error('the certificate is not there')
      expect(new X509Certificate(issued.certificatePem).raw).toEqual(Buffer.from(issued.certificateDer))
      const certificate = loadCertificate({
        certificatePem: issued.certificatePem,
        privateKeyPem: privateKeyPem.reveal(),
      })
      expect(certificate.subjectNip).toBe(NIP)
      expect(certificate.serialNumber).toBe(certificateSerialNumber)
      const signedIn = taken(await client.signIn.withCertificate({ context, certificate }))
      const { token } = signedIn.accessToken
      expect((await client.certificates.revoke(token, certificateSerialNumber, 'Superseded')).ok).toBe(true)
      expect(await client.certificates.revoke(token, certificateSerialNumber, 'Superseded')).toMatchObject({
        failure: { code: 'CERTIFICATE_NOT_ACTIVE', effect: 'none' },
      })
      expect(await client.signIn.withCertificate({ context, certificate })).toMatchObject({
        failure: { code: 'SIGN_IN_CERTIFICATE_REFUSED' },
      })
    },
  )

  test('for type Offline ends in a certificate that is refused for signing in, before KSeF is asked', async () => {
    const access = await bySeal()
    const { certificateSerialNumber, privateKeyPem } = await enrolled(access, { certificateType: 'Offline' })
    const [issued] = taken(await client.certificates.retrieve(access, [certificateSerialNumber]))
    if (issued === undefined) throw new Error('the certificate is not there')
    expect(certificateFacts(issued.certificateDer)).toEqual({ certificateKind: 'offline', subjectNip: NIP })
    const source = { certificatePem: issued.certificatePem, privateKeyPem: privateKeyPem.reveal() }
    expect(() => loadCertificate(source)).toThrow(
      expect.objectContaining({ name: 'CertificateError', code: 'CERTIFICATE_OFFLINE_TYPE' }),
    )
  })

  test('the limits count what was asked for', async () => {
    const access = (await signInWithSeal(client, '7980332920')).accessToken.token
    const before = taken(await client.certificates.limits(access))
    expect(before).toMatchObject({ canRequest: true, enrollment: { remaining: 300, limit: 300 } })
    await enrolled(access)
    const after = taken(await client.certificates.limits(access))
    expect(after.enrollment.remaining).toBe(299)
    expect(after.certificate.remaining).toBe(after.certificate.limit - 1)
  })

  test('the list of certificates is walked to its end and narrowed by a filter', async () => {
    const access = (await signInWithSeal(client, '5213003700')).accessToken.token
    await enrolled(access, { name: 'Wyjątkowy', certificateType: 'Offline' })
    for (let index = 0; index < 52; index += 1) await enrolled(access, { name: `Zwykły ${index}` })
    expect(taken(await client.certificates.query(access))).toHaveLength(53)
    const found = taken(await client.certificates.query(access, { name: 'Wyjątkowy', type: 'Offline' }))
    expect(found).toMatchObject([{ name: 'Wyjątkowy', type: 'Offline', status: 'Active' }])
    expect(taken(await client.certificates.query(access, { expiresAfter: new Date('2090-01-01') }))).toEqual(
      [],
    )
  })

  test('after a sign-in by token there is nothing to ask for', async () => {
    const wanted = { permissions: ['InvoiceRead'], description: 'Token bez wniosków' } as const
    const access = await bySeal()
    const { token, referenceNumber } = taken(await client.tokens.generate(access, wanted))
    while (taken(await client.tokens.status(access, referenceNumber)).status === 'Pending') await wait(5)
    const signedIn = taken(await client.signIn.withToken({ context, token }))
    const byToken = signedIn.accessToken.token
    const needsSignature = { failure: { code: 'ENROLLMENT_NEEDS_SIGNATURE', effect: 'none' } }
    expect(await client.certificates.enrollmentData(byToken)).toMatchObject(needsSignature)
    const { csr } = await createCertificationRequest({ subject: { commonName: 'X', countryName: 'PL' } })
    const enrollment = { certificateName: 'Flota 1', certificateType: 'Authentication', csr } as const
    expect(await client.certificates.enroll(byToken, enrollment)).toMatchObject(needsSignature)
  })

  test('a request for another subject is refused, and an unknown enrolment or certificate is named', async () => {
    const access = await bySeal()
    const { csr } = await createCertificationRequest({
      subject: { commonName: 'Kto inny', countryName: 'PL' },
    })
    const enrollment = { certificateName: 'Flota 1', certificateType: 'Authentication', csr } as const
    expect(await client.certificates.enroll(access, enrollment)).toMatchObject({
      failure: { code: 'ENROLLMENT_SUBJECT_DIFFERS' },
    })
    const unknown = '20251010-EH-1B6C9EB000-4B15D3AEB9-89'
    expect(await client.certificates.enrollmentStatus(access, unknown)).toMatchObject({
      failure: { code: 'ENROLLMENT_NOT_FOUND' },
    })
    expect(await client.certificates.revoke(access, '0000000000000001', 'Unspecified')).toMatchObject({
      failure: { code: 'CERTIFICATE_NOT_FOUND' },
    })
  })

  test('a lost answer leaves it open whether the request was taken', async () => {
    const { csr } = await createCertificationRequest({ subject: { commonName: 'X', countryName: 'PL' } })
    await using server = await startLocalServer({
      'POST /certificates/enrollments': (response) => response.destroy(),
    })
    const local = clientOf(server)
    const enrollment = { certificateName: 'Flota 1', certificateType: 'Authentication', csr } as const
    expect(await local.certificates.enroll(new Sealed('access'), enrollment)).toMatchObject({
      failure: { kind: 'no-answer', effect: 'unknown' },
    })
    await local.close()
  })
})

describe('a certification request', () => {
  const subject = {
    commonName: 'Huta "Szkło", Wnuk + Syn',
    countryName: 'PL',
    givenName: ['Anna', 'Maria'],
    surname: 'Klonowska',
    serialNumber: 'PNOPL-88102341294',
    uniqueIdentifier: 'd9d22724-4696-460c-9e5e-b9e3aafb0af3',
  }

  test('repeats every attribute as it was given, a list value by value', async () => {
    const { csr } = await createCertificationRequest({ subject })
    const name = new Pkcs10CertificateRequest(Buffer.from(csr, 'base64')).subjectName
    expect(name.getField('2.5.4.3')).toEqual([subject.commonName])
    expect(name.getField('2.5.4.42')).toEqual(['Anna', 'Maria'])
    expect(name.getField('2.5.4.4')).toEqual(['Klonowska'])
    expect(name.getField('2.5.4.5')).toEqual([subject.serialNumber])
    expect(name.getField('2.5.4.45')).toEqual([subject.uniqueIdentifier])
    expect(name.getField('2.5.4.97')).toEqual([])
  })

  test.each([
    ['EC', 'ec'],
    ['RSA', 'rsa'],
  ] as const)('with %s is signed by the key that comes with it', async (algorithm, type) => {
    const { csr, privateKeyPem } = await createCertificationRequest({ subject, algorithm })
    const request = new Pkcs10CertificateRequest(Buffer.from(csr, 'base64'))
    expect(await request.verify()).toBe(true)
    const key = createPrivateKey(privateKeyPem.reveal())
    expect(key.asymmetricKeyType).toBe(type)
    if (algorithm === 'EC') expect(new Uint8Array(request.signature)[0]).toBe(0x30) // a DER sequence, not R‖S
  })

  test('does not show its key', async () => {
    const made = await createCertificationRequest({ subject })
    expect(`${JSON.stringify(made)}${made.privateKeyPem}`).not.toContain('PRIVATE KEY')
  })
})

describe('limits', () => {
  test('of the context and of its requests are read', async () => {
    const access = await bySeal()
    expect(taken(await client.limits.context(access))).toMatchObject({
      onlineSession: { maxInvoices: 10_000, maxInvoiceSizeInMB: 1 },
      batchSession: { maxInvoices: 10_000 },
    })
    expect(taken(await client.limits.rate(access))).toMatchObject({
      // A simulator that counts nothing says so.
      invoiceSend: { perSecond: UNBOUND, perMinute: UNBOUND, perHour: UNBOUND },
    })
  })

  test('a group of tomorrow is kept, and one that is no limit is left out', async () => {
    const group = { perSecond: 1, perMinute: 2, perHour: 3 }
    await using server = await startLocalServer({
      'GET /rate-limits': json(200, {
        invoiceSend: group,
        tomorrow: group,
        note: 'lowered',
        odd: { perDay: 1 },
      }),
    })
    const local = clientOf(server)
    expect(await local.limits.rate(new Sealed('access'))).toEqual({
      ok: true,
      value: { invoiceSend: group, tomorrow: group },
    })
    await local.close()
  })
})
