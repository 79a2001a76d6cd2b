/**
 * Tokens, certificates and grants of `ksef-client` 0.2.0. It makes no CSR, so `ksef-client-ts` makes it; it has no
 * query of the grants an entity holds (`/permissions/query/entities/grants`), so the entity asks for its personal
 * ones; and it throws away the operation's number when it revokes a grant, so the grant is asked for until it is gone.
 */
import { type JsonValue, KsefClient } from 'ksef-client'
import { CertificateService } from 'ksef-client-ts'
import { expect, test } from 'vitest'
import { NIP, POLLING, sealOf, signedInJs, strangers, until } from './strangers.ts'

const PARTNER = '7980332920'
const PESEL = '30112206276'

/** The client leaves these answers untyped: the value at a path of one. */
const at = (answer: JsonValue | undefined, ...path: (string | number)[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === String(key))?.[1]
        : undefined,
    answer,
  )
const textAt = (answer: JsonValue, ...path: (string | number)[]) => String(at(answer, ...path))

async function done(client: KsefClient, operation: JsonValue): Promise<void> {
  const settled = await until(
    () => client.permissions.getOperationStatus(textAt(operation, 'referenceNumber')),
    (answer) => at(answer, 'status', 'code') !== 100,
  )
  expect(at(settled, 'status', 'code')).toBe(200)
}

const grantsGiven = (client: KsefClient, authorized: { type: string; value: string }) =>
  client.permissions.queryPersonsGrants({
    queryType: 'PermissionsGrantedInCurrentContext',
    authorizedIdentifier: authorized,
  })

/** Revokes the first grant of a query's answer and asks until none is left. */
async function revoked(client: KsefClient, query: () => ReturnType<typeof grantsGiven>): Promise<void> {
  await client.permissions.revokeCommonGrant(textAt(await query(), 'permissions', 0, 'id'))
  await until(query, (answer) => at(answer, 'permissions', 0) === undefined)
}

test('ksef-client makes a token, finds it by its filters, signs in by it and revokes it', async () => {
  await using met = await strangers()
  const { tokens } = met.js
  const made = await tokens.generateToken({ description: 'token na próbę', permissions: ['InvoiceRead'] })
  const active = await until(
    () => tokens.getToken(made.referenceNumber),
    ({ status }) => status === 'Active',
  )
  expect(active.requestedPermissions).toEqual(['InvoiceRead'])
  const signIn = {
    baseUrl: met.simulator.url,
    token: made.token,
    context: { type: 'Nip', value: NIP },
  } as const
  const byToken = await KsefClient.connect({ ...signIn, ...POLLING })
  expect((await byToken.activeSessions.listActiveSessions()).items.map((one) => one.isCurrent)).toContain(
    true,
  )

  const named = (status: 'Active' | 'Revoked') =>
    tokens.listTokens({ status: [status], description: 'na próbę', pageSize: 10 })
  expect((await named('Active')).tokens.map((one) => one.referenceNumber)).toEqual([made.referenceNumber])
  await tokens.revokeToken(made.referenceNumber)
  const gone = await until(
    () => named('Revoked'),
    (listed) => listed.tokens.length > 0,
  )
  expect(gone.tokens.map((one) => one.referenceNumber)).toEqual([made.referenceNumber])
  await expect(KsefClient.connect({ ...signIn, ...POLLING })).rejects.toThrow('450')
})

test('ksef-client enrols for a certificate, retrieves it, signs in with it and revokes it', async () => {
  await using met = await strangers()
  const { certificates } = met.js
  expect(at(await certificates.getCertificateLimits(), 'canRequest')).toBe(true)
  const subject = await met.ts.certificates.getEnrollmentData()
  expect(await certificates.getEnrollmentData()).toEqual(subject)
  const csr = await met.ts.crypto.generateCsrEcdsa(subject)
  const { referenceNumber } = await certificates.createEnrollment({
    certificateName: 'Certyfikat na próbę',
    certificateType: 'Authentication',
    csr: Buffer.from(csr.csrDer).toString('base64'),
  })
  const enrolled = await until(
    () => certificates.getEnrollmentStatus(String(referenceNumber)),
    (answer) => at(answer, 'status', 'code') !== 100,
  )
  const serialNumber = textAt(enrolled, 'certificateSerialNumber')
  const retrieved = await certificates.retrieveCertificates({ certificateSerialNumbers: [serialNumber] })
  const again = await signedInJs(met.simulator.url, {
    certificatePem: textAt(retrieved, 'certificates', 0, 'certificate'),
    privateKeyPem: csr.privateKeyPem,
  })
  await again.certificates.revokeCertificate(serialNumber, { revocationReason: 'Superseded' })
  const listed = await certificates.queryCertificates({ certificateSerialNumber: serialNumber }, 0, 10)
  expect(at(listed, 'certificates', 1)).toBeUndefined()
  expect(['Blocked', 'Revoked']).toContain(at(listed, 'certificates', 0, 'status'))
})

test('ksef-client grants an entity, which signs in for its client until the grant is revoked', async () => {
  await using met = await strangers()
  const granted = await met.js.permissions.grantEntities({
    subjectIdentifier: { type: 'Nip', value: PARTNER },
    permissions: [{ type: 'InvoiceWrite', canDelegate: false }],
    description: 'biuro rachunkowe',
    subjectDetails: { fullName: 'Biuro Rachunkowe' },
  })
  await done(met.js, granted)
  const partner = await signedInJs(met.simulator.url, await sealOf(PARTNER))
  const personal = await partner.permissions.queryPersonalGrants({}, 0, 10)
  expect(at(personal, 'permissions', 0, 'permissionScope')).toBe('InvoiceWrite')
  const beyond = partner.tokens.generateToken({ description: 'ponad miarę', permissions: ['InvoiceRead'] })
  await expect(beyond).rejects.toMatchObject({ name: 'KsefApiError', statusCode: 400 })
  await met.js.permissions.revokeCommonGrant(textAt(personal, 'permissions', 0, 'id'))
  const left = async () => at(await partner.permissions.queryPersonalGrants({}), 'permissions', 0)
  await until(left, (first) => first === undefined)
  await expect(signedInJs(met.simulator.url, await sealOf(PARTNER))).rejects.toThrow('415')
})

test('ksef-client grants a person, finds the grant, and the person signs in until it is revoked', async () => {
  await using met = await strangers()
  const granted = await met.js.permissions.grantPersons({
    subjectIdentifier: { type: 'Pesel', value: PESEL },
    permissions: ['InvoiceRead', 'CredentialsRead'],
    description: 'księgowa firmy',
    subjectDetails: {
      subjectDetailsType: 'PersonByIdentifier',
      personById: { firstName: 'Anna', lastName: 'Nowak' },
    },
  })
  await done(met.js, granted)
  const own = ['Anna', 'Nowak', `PNOPL-${PESEL}`, 'Anna Nowak'] as const
  const certificate = await CertificateService.generatePersonalCertificate(...own, 'ECDSA')
  const person = await signedInJs(met.simulator.url, certificate)
  expect((await person.activeSessions.listActiveSessions()).items).toHaveLength(1)

  const query = () => grantsGiven(met.js, { type: 'Pesel', value: PESEL })
  const given = await query()
  const scopes = [0, 1].map((index) => textAt(given, 'permissions', index, 'permissionScope'))
  expect(scopes.sort()).toEqual(['CredentialsRead', 'InvoiceRead'])
  await met.js.permissions.revokeCommonGrant(textAt(given, 'permissions', 0, 'id'))
  await until(query, (answer) => at(answer, 'permissions', 1) === undefined)
  await revoked(met.js, query)
  await expect(signedInJs(met.simulator.url, certificate)).rejects.toThrow('415')
})
