import { EntityPermissionGrantBuilder, PersonPermissionGrantBuilder } from 'ksef-client-ts'
import { expect, test } from 'vitest'
import { NIP, type Strangers, signedInTs, strangers, until } from './strangers.ts'

const PARTNER = '7980332920'

async function done({ ts }: Strangers, operation: { referenceNumber: string }) {
  const { status } = await until(
    () => ts.permissions.getOperationStatus(operation.referenceNumber),
    (answer) => answer.status.code !== 100,
  )
  expect(status.code).toBe(200)
}

test('ksef-client-ts makes, lists and revokes a token', async () => {
  await using met = await strangers()
  const made = await met.ts.tokens.generateToken({
    description: 'token na próbę',
    permissions: ['InvoiceRead'],
  })
  await until(
    () => met.ts.tokens.getToken(made.referenceNumber),
    ({ status }) => status === 'Active',
  )
  expect((await met.ts.tokens.queryTokens()).tokens.map((one) => one.referenceNumber)).toContain(
    made.referenceNumber,
  )
  await met.ts.tokens.revokeToken(made.referenceNumber)
  await until(
    () => met.ts.tokens.getToken(made.referenceNumber),
    ({ status }) => status === 'Revoked',
  )
})

test('ksef-client-ts enrols for a certificate, retrieves it, signs in with it and revokes it', async () => {
  await using met = await strangers()
  const data = await met.ts.certificates.getEnrollmentData()
  const csr = await met.ts.crypto.generateCsrEcdsa(data)
  const { referenceNumber } = await met.ts.certificates.enroll({
    certificateName: 'Certyfikat na próbę',
    certificateType: 'Authentication',
    csr: Buffer.from(csr.csrDer).toString('base64'),
  })
  const enrolled = await until(
    () => met.ts.certificates.getEnrollmentStatus(referenceNumber),
    ({ status }) => status.code !== 100,
  )
  const serialNumber = enrolled.certificateSerialNumber ?? ''
  const { certificates } = await met.ts.certificates.retrieve({ certificateSerialNumbers: [serialNumber] })
  const pem = `-----BEGIN CERTIFICATE-----\n${certificates[0]?.certificate}\n-----END CERTIFICATE-----`
  const again = await signedInTs(met.origin, NIP)
  await again.loginWithCertificate(pem, csr.privateKeyPem, NIP)
  await again.certificates.revoke(serialNumber, { revocationReason: 'Superseded' })
  const listed = await met.ts.certificates.query({ certificateSerialNumber: serialNumber })
  expect(listed.certificates.map(({ status }) => ['Blocked', 'Revoked'].includes(status))).toEqual([true])
})

test('ksef-client-ts grants an entity and a person, and the entity signs in for its client', async () => {
  await using met = await strangers()
  const entity = new EntityPermissionGrantBuilder()
    .withNip(PARTNER)
    .addPermission('InvoiceWrite', false)
    .withDescription('biuro rachunkowe')
    .withSubjectDetails({ fullName: 'Biuro Rachunkowe' })
    .build()
  await done(met, await met.ts.permissions.grantEntityPermissions(entity))
  const person = new PersonPermissionGrantBuilder()
    .withSubjectIdentifier('Pesel', '30112206276')
    .withPermissions(['InvoiceRead'])
    .withDescription('księgowa firmy')
    .withSubjectDetails({
      subjectDetailsType: 'PersonByIdentifier',
      personById: { firstName: 'Anna', lastName: 'Nowak' },
    })
    .build()
  await done(met, await met.ts.permissions.grantPersonPermissions(person))
  const partner = await signedInTs(met.origin, NIP, PARTNER)
  const personal = await partner.permissions.queryPersonalGrants()
  expect(personal.permissions.map((one) => one.permissionScope)).toEqual(['InvoiceWrite'])
  const atHome = await signedInTs(met.origin, PARTNER)
  const received = await atHome.permissions.queryEntitiesGrants({
    contextIdentifier: { type: 'Nip', value: NIP },
  })
  expect(received.permissions.map((one) => one.permissionScope)).toEqual(['InvoiceWrite'])
  const persons = await met.ts.permissions.queryPersonsGrants({
    queryType: 'PermissionsGrantedInCurrentContext',
  })
  const granted = persons.permissions.find((one) => one.permissionScope === 'InvoiceRead')
  await done(met, await met.ts.permissions.revokeCommonGrant(granted?.id ?? ''))
})
