import 'reflect-metadata'
import { X509Certificate } from 'node:crypto'
import { KeyUsageFlags, KeyUsagesExtension, X509Certificate as Parsed } from '@peculiar/x509'
import { expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { makeHolder, personOf, sealOf } from './wire/certificate.ts'
import { certify, type KeyKind, makeRequest } from './wire/certification-request.ts'
import { aCompany, COMPANY_NIP, type Company } from './wire/company.ts'

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const DAY_MS = 24 * 3_600_000

const asker =
  ({ caller, access }: Company) =>
  (method: string, path: string, body?: unknown) =>
    caller.ask(method, path, { token: access, ...(body === undefined ? {} : { body }) })

const enrolling = (csr: string, certificateName = 'Certyfikat') => ({
  certificateName,
  certificateType: 'Authentication',
  csr,
})

test.each<KeyKind>(['EC P-256', 'RSA 2048', 'RSA 2048 with PSS'])(
  'a certificate for a key %s is issued, retrieved, and signs in for its holder',
  async (kind) => {
    await using company = await aCompany()
    const { caller } = company
    const { serialNumber, holder } = await certify(caller, company.access, { kind })
    const parsed = new Parsed(holder.certificate)
    expect(parsed.serialNumber.toUpperCase()).toBe(serialNumber)
    expect(parsed.getExtension(KeyUsagesExtension)?.usages).toBe(KeyUsageFlags.digitalSignature)
    expect(parsed.subjectName.getField('2.5.4.97')).toEqual([`VATPL-${COMPANY_NIP}`])
    const init = (await caller.submit(holder)).body
    const settled = await caller.outcome(init)
    expect([settled.status.code, settled.authenticationMethod]).toEqual([200, 'InternalCertificate'])
    const { access } = await caller.redeem(init)
    const list = await caller.ask('POST', '/certificates/query', { token: access, body: {} })
    expect(list.body.certificates[0]).toMatchObject({
      certificateSerialNumber: serialNumber,
      status: 'Active',
      type: 'Authentication',
      subjectIdentifier: { type: 'Nip', value: COMPANY_NIP },
    })
    expect(list.body.certificates[0].lastUseDate).not.toBeNull()
  },
)

test('an Offline certificate is for non-repudiation and does not sign in', async () => {
  await using company = await aCompany()
  const { holder } = await certify(company.caller, company.access, { type: 'Offline' })
  const { usages } = new Parsed(holder.certificate).getExtension(KeyUsagesExtension) ?? {}
  expect(usages).toBe(KeyUsageFlags.nonRepudiation)
  const { status } = await company.caller.outcome((await company.caller.submit(holder)).body)
  expect([status.code, status.details]).toEqual([460, ['Niepoprawny certyfikat']])
})

test('data for a request are those of the certificate that signed in, a person with a PESEL included', async () => {
  await using company = await aCompany()
  const { caller } = company
  const seal = await asker(company)('GET', '/certificates/enrollments/data')
  expect(seal.body).toMatchObject({
    commonName: 'Firma',
    countryName: 'PL',
    organizationIdentifier: `VATPL-${COMPANY_NIP}`,
  })
  const nip = '3755747347'
  const person = { nip, pesel: '30112206276', isBailiff: false, description: 'właściciel' }
  await caller.ask('POST', '/testdata/person', { body: person })
  const holder = await makeHolder({ name: personOf('PNOPL-30112206276') })
  const { access } = await caller.signIn(holder, { context: `<Nip>${nip}</Nip>` })
  const { body } = await caller.ask('GET', '/certificates/enrollments/data', { token: access })
  expect(body).toMatchObject({ givenName: 'Jan', surname: 'Kowalski', serialNumber: 'PNOPL-30112206276' })
  const certified = await certify(caller, access)
  const again = await caller.signIn(certified.holder, { context: `<Nip>${nip}</Nip>` })
  const byNip = await makeHolder({ name: personOf(`TINPL-${nip}`) })
  const other = await caller.signIn(byNip, { context: `<Nip>${nip}</Nip>` })
  for (const token of [again.access, other.access]) {
    const list = await caller.ask('POST', '/certificates/query', { token, body: {} })
    expect(list.body.certificates.map((one: Json) => one.certificateSerialNumber)).toEqual([
      certified.serialNumber,
    ])
  }
  const limits = await caller.ask('GET', '/certificates/limits', { token: access })
  expect(limits.body).toEqual({
    canRequest: true,
    enrollment: { remaining: 11, limit: 12 },
    certificate: { remaining: 5, limit: 6 },
  })
})

const altered = (csr: string, index: number) => {
  const bytes = Buffer.from(csr, 'base64')
  bytes[bytes.length + index]! ^= 1
  return bytes.toString('base64')
}

test('a request is refused for other data, a damaged signature, an unfit key, and rubbish', async () => {
  await using company = await aCompany()
  const ask = asker(company)
  const { body: data } = await ask('GET', '/certificates/enrollments/data')
  const other = await makeRequest({ ...data, organizationIdentifier: 'VATPL-7980332920' })
  const good = await makeRequest(data)
  const refusals = [
    [other.csr, 25003],
    [altered(good.csr, -1), 25004],
    [Buffer.from('rubbish').toString('base64'), 25004],
    [(await makeRequest(data, 'EC P-384')).csr, 25010],
    [(await makeRequest(data, 'RSA 3072')).csr, 25010],
  ] as const
  for (const [csr, code] of refusals) {
    const answer = await ask('POST', '/certificates/enrollments', enrolling(csr))
    expect([answer.status, errorCode(answer.body)]).toEqual([400, code])
  }
  const badName = await ask('POST', '/certificates/enrollments', enrolling(good.csr, 'nazwa <zła>'))
  expect(errorCode(badName.body)).toBe(21405)
})

test('limits end requests: first of certificates held, then of requests made', async () => {
  await using company = await aCompany()
  const ask = asker(company)
  const set = (enrollments: number, certificates: number) =>
    ask('POST', '/testdata/limits/subject/certificate', {
      enrollment: { maxEnrollments: enrollments },
      certificate: { maxCertificates: certificates },
    })
  await set(2, 1)
  await certify(company.caller, company.access)
  const { csr } = await makeRequest((await ask('GET', '/certificates/enrollments/data')).body)
  const full = await ask('POST', '/certificates/enrollments', enrolling(csr))
  expect(errorCode(full.body)).toBe(25007)
  await set(1, 5)
  const spent = await ask('POST', '/certificates/enrollments', enrolling(csr))
  expect(errorCode(spent.body)).toBe(25006)
  expect((await ask('GET', '/certificates/limits')).body).toMatchObject({ canRequest: false })
})

test('a key that another subject has had certified is rejected, by the status of the request', async () => {
  await using company = await aCompany()
  const { caller } = company
  const { body: data } = await asker(company)('GET', '/certificates/enrollments/data')
  const first = await makeRequest(data)
  await asker(company)('POST', '/certificates/enrollments', enrolling(first.csr))
  const nip = '7980332920'
  const seal = await makeHolder({ name: sealOf(nip) })
  const { access } = await caller.signIn(seal, { context: `<Nip>${nip}</Nip>` })
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509')
  const { body: theirs } = await caller.ask('GET', '/certificates/enrollments/data', { token: access })
  const { privateKey } = first.holderOf('')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign'])
  const { kty, crv, x, y } = privateKey.export({ format: 'jwk' })
  const jwk = { kty: kty!, crv: crv!, x: x!, y: y! }
  const publicKey = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify'])
  const made = await Pkcs10CertificateRequestGenerator.create({
    name: [
      { CN: [theirs.commonName] },
      { C: [theirs.countryName] },
      { '2.5.4.97': [theirs.organizationIdentifier] },
    ],
    keys: { privateKey: signingKey, publicKey },
    signingAlgorithm: algorithm,
  })
  const csr = Buffer.from(made.rawData).toString('base64')
  const asked = await caller.ask('POST', '/certificates/enrollments', { token: access, body: enrolling(csr) })
  const path = `/certificates/enrollments/${asked.body.referenceNumber}`
  const settled = await caller.until(
    () => caller.ask('GET', path, { token: access }),
    ({ status }) => status.code !== 100,
  )
  expect([settled.status.code, settled.certificateSerialNumber]).toEqual([400, null])
  const stranger = await asker(company)('GET', path)
  expect(errorCode(stranger.body)).toBe(25005)
})

test('revoking blocks a certificate at once and for good', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const { caller } = company
  const ask = asker(company)
  const { serialNumber, holder } = await certify(caller, company.access)
  const revoke = () =>
    ask('POST', `/certificates/${serialNumber}/revoke`, { revocationReason: 'KeyCompromise' })
  expect((await revoke()).status).toBe(204)
  expect(errorCode((await revoke()).body)).toBe(25009)
  const { status } = await caller.outcome((await caller.submit(holder)).body)
  expect([status.code, status.details]).toEqual([460, ['Certyfikat odwołany']])
  const unknown = await ask('POST', '/certificates/0123456789ABCDEF/revoke', {})
  expect(errorCode(unknown.body)).toBe(25008)
  const revoked = await ask('POST', '/certificates/query', { status: 'Revoked' })
  expect(revoked.body.certificates).toHaveLength(1)
  expect((await ask('POST', '/certificates/query', { status: 'Active' })).body.certificates).toEqual([])
})

test('while it is being revoked a certificate is Blocked, and its sign-in ends as suspended', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const { caller } = company
  const { serialNumber, holder } = await certify(caller, company.access)
  time.ms += 1000
  await asker(company)('POST', `/certificates/${serialNumber}/revoke`, {})
  time.ms -= 1
  const { body } = await asker(company)('POST', '/certificates/query', { status: 'Blocked' })
  expect(body.certificates).toHaveLength(1)
  const { status } = await caller.outcome((await caller.submit(holder)).body)
  expect([status.code, status.details]).toEqual([460, ['Certyfikat zawieszony']])
})

test('queries filter by serial number, name, type and expiry, newest first, in pages', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const ask = asker(company)
  const serials: string[] = []
  for (let made = 0; made < 11; made++) {
    time.ms += 1000
    const type = made % 2 === 0 ? 'Authentication' : 'Offline'
    serials.push(
      (await certify(company.caller, company.access, { name: `Numer ${made}`, type })).serialNumber,
    )
  }
  const first = await ask('POST', '/certificates/query', {})
  expect([first.body.certificates.length, first.body.hasMore]).toEqual([10, true])
  expect(first.body.certificates[0].certificateSerialNumber).toBe(serials[10])
  const second = await ask('POST', '/certificates/query?pageOffset=1', {})
  expect([second.body.certificates.length, second.body.hasMore]).toEqual([1, false])
  const count = async (filter: Json) =>
    (await ask('POST', '/certificates/query?pageSize=50', filter)).body.certificates.length
  expect(await count({ certificateSerialNumber: serials[3] })).toBe(1)
  expect(await count({ name: 'Numer 1' })).toBe(2)
  expect(await count({ type: 'Offline' })).toBe(5)
  const beyond = new Date(time.ms + 800 * DAY_MS).toISOString()
  expect(await count({ expiresAfter: new Date(time.ms).toISOString() })).toBe(11)
  expect(await count({ expiresAfter: beyond })).toBe(0)
})

test('a test shortens the life of a certificate, never lengthens it', async () => {
  await using company = await aCompany()
  const { caller } = company
  const ask = asker(company)
  const { serialNumber, holder } = await certify(caller, company.access)
  const { validTo } = new X509Certificate(holder.certificate)
  const put = (date: number) =>
    ask('PUT', `/testdata/certificates/${serialNumber}`, { validTo: new Date(date).toISOString() })
  expect(errorCode((await put(Date.parse(validTo) + DAY_MS)).body)).toBe(21405)
  expect((await put(Date.now() - 1000)).status).toBe(200)
  const { body } = await ask('POST', '/certificates/query', { certificateSerialNumber: serialNumber })
  expect(body.certificates[0].status).toBe('Expired')
  const { status } = await caller.outcome((await caller.submit(holder)).body)
  expect([status.code, status.details]).toEqual([460, ['Nieważny certyfikat']])
})

test('a certificate that begins later does not sign in before', async () => {
  await using company = await aCompany()
  const validFrom = new Date(Date.now() + DAY_MS).toISOString()
  const { holder } = await certify(company.caller, company.access, { validFrom })
  const { status } = await company.caller.outcome((await company.caller.submit(holder)).body)
  expect(status.code).toBe(460)
})

test('one signed in by a KSeF token neither asks for nor revokes certificates', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller } = company
  const { serialNumber } = await certify(caller, company.access)
  const made = await asker(company)('POST', '/tokens', {
    permissions: ['InvoiceRead'],
    description: 'token testowy',
  })
  const { challenge, timestampMs } = await caller.challenge()
  const key = await caller.keyFor('KsefTokenEncryption')
  const encryptedToken = caller.wrap(key, Buffer.from(`${made.body.token}|${timestampMs}`))
  const contextIdentifier = { type: 'Nip', value: COMPANY_NIP }
  const init = await caller.ask('POST', '/auth/ksef-token', {
    body: { challenge, contextIdentifier, encryptedToken, publicKeyId: key.publicKeyId },
  })
  const { access } = await caller.redeem(init.body)
  const ask = asker({ ...company, access })
  expect(errorCode((await ask('GET', '/certificates/enrollments/data')).body)).toBe(25001)
  expect(errorCode((await ask('POST', '/certificates/enrollments', enrolling('AAAA'))).body)).toBe(25002)
  const revoke = await ask('POST', `/certificates/${serialNumber}/revoke`, {})
  expect([revoke.status, revoke.body.reasonCode]).toEqual([403, 'auth-method-not-allowed'])
})

test('the status of a request is kept for thirty days, and an armed outcome befalls the next one', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({
    now: () => new Date(time.ms),
    processingDelayMs: 0,
    accessTokenSeconds: 40 * 86_400,
  })
  const ask = asker(company)
  const outcome = { kind: 'certificateEnrollment', code: 550 }
  expect((await company.caller.ask('POST', `${company.control}/outcomes`, { body: outcome })).status).toBe(
    201,
  )
  const { csr } = await makeRequest((await ask('GET', '/certificates/enrollments/data')).body)
  const asked = await ask('POST', '/certificates/enrollments', enrolling(csr))
  const path = `/certificates/enrollments/${asked.body.referenceNumber}`
  expect((await ask('GET', path)).body.status).toMatchObject({ code: 550 })
  time.ms += 31 * DAY_MS
  const gone = await ask('GET', path)
  expect([gone.status, gone.body.title]).toEqual([410, 'Gone'])
})
