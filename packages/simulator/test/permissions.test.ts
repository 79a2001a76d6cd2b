import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { REQUIRED_PERMISSIONS } from '../src/required-permissions.ts'
import { UNIMPLEMENTED } from '../src/routes/unimplemented.ts'
import { fingerprintOf } from '../src/xades/signing-certificate.ts'
import type { Caller, Json } from './wire/caller.ts'
import { type Holder, makeHolder, personOf, sealOf } from './wire/certificate.ts'
import { aCompany, alsoSignsIn, COMPANY_NIP, type Company } from './wire/company.ts'
import { contractFolder } from './wire/contract-folder.ts'

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const PESEL = '30112206276'
const OFFICE_NIP = '7980332920'
const OWN_CONTEXT = `<Nip>${COMPANY_NIP}</Nip>`
const DAY_MS = 24 * 3_600_000

const asker = (caller: Caller, token: string) => (method: string, path: string, body?: unknown) =>
  caller.ask(method, path, { token, ...(body === undefined ? {} : { body }) })

const toPerson = (permissions: string[], over: Json = {}) => ({
  subjectIdentifier: { type: 'Pesel', value: PESEL },
  permissions,
  description: 'księgowa zmiany nocnej',
  subjectDetails: {
    subjectDetailsType: 'PersonByIdentifier',
    personById: { firstName: 'Anna', lastName: 'Kowalska' },
  },
  ...over,
})
const toEntity = (permissions: Json[], nip = OFFICE_NIP) => ({
  subjectIdentifier: { type: 'Nip', value: nip },
  permissions,
  description: 'biuro rachunkowe',
  subjectDetails: { fullName: 'Biuro Rachunkowe sp. z o.o.' },
})

/** Begins an operation and waits for its final status. */
async function settle(company: Company, begin: Promise<Json>, token = company.access): Promise<Json> {
  const begun = await begin
  if (begun.status !== 202) throw new Error(`refused: ${begun.text}`)
  const { body } = begun
  const { status } = await company.caller.until(
    () => company.caller.ask('GET', `/permissions/operations/${body.referenceNumber}`, { token }),
    (answer) => answer.status.code !== 100,
  )
  return status
}

const signInCode = async (caller: Caller, holder: Holder, recipe: Json = {}): Promise<number> =>
  (await caller.outcome((await caller.submit(holder, recipe)).body)).status.code

test('a person is let in by a grant, seen in both lists, and shut out when it is taken back', async () => {
  await using company = await aCompany()
  const { caller } = company
  const ask = asker(caller, company.access)
  const holder = await makeHolder({ name: personOf(`PNOPL-${PESEL}`) })
  expect(await signInCode(caller, holder, { context: OWN_CONTEXT })).toBe(415)
  const granted = ask('POST', '/permissions/persons/grants', toPerson(['InvoiceRead', 'CredentialsRead']))
  expect(await settle(company, granted)).toEqual({ code: 200, description: 'Operacja zakończona sukcesem' })
  const { access } = await caller.signIn(holder, { context: OWN_CONTEXT })
  const own = await asker(caller, access)('POST', '/permissions/query/personal/grants', {})
  expect(own.body.permissions.map((one: Json) => one.permissionScope).sort()).toEqual([
    'CredentialsRead',
    'InvoiceRead',
  ])
  for (const queryType of ['PermissionsInCurrentContext', 'PermissionsGrantedInCurrentContext']) {
    const { body } = await ask('POST', '/permissions/query/persons/grants', { queryType })
    expect(body.permissions).toHaveLength(2)
    expect(body.permissions[0]).toMatchObject({
      authorizedIdentifier: { type: 'Pesel', value: PESEL },
      authorIdentifier: { type: 'Nip', value: COMPANY_NIP },
      permissionState: 'Active',
      subjectPersonDetails: { firstName: 'Anna', lastName: 'Kowalska' },
    })
  }
  const { body } = await ask('POST', '/permissions/query/persons/grants', {
    queryType: 'PermissionsInCurrentContext',
  })
  for (const { id } of body.permissions)
    expect((await settle(company, ask('DELETE', `/permissions/common/grants/${id}`))).code).toBe(200)
  expect(await signInCode(caller, holder, { context: OWN_CONTEXT })).toBe(415)
  const again = ask('DELETE', `/permissions/common/grants/${body.permissions[0].id}`)
  expect((await settle(company, again)).code).toBe(400)
})

test('a grant takes effect when its operation has, not before', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const { caller } = company
  await caller.ask('POST', `${company.control}/clock`, { body: { offsetMs: 1000 } })
  const ask = asker(caller, company.access)
  const begun = await ask('POST', '/permissions/persons/grants', toPerson(['InvoiceRead']))
  await caller.ask('POST', `${company.control}/clock`, { body: { offsetMs: 0 } })
  const path = `/permissions/operations/${begun.body.referenceNumber}`
  expect((await ask('GET', path)).body.status.code).toBe(100)
  const query = { queryType: 'PermissionsInCurrentContext' }
  expect((await ask('POST', '/permissions/query/persons/grants', query)).body.permissions).toEqual([])
  time.ms += 1000
  expect((await ask('GET', path)).body.status.code).toBe(200)
  expect((await ask('POST', '/permissions/query/persons/grants', query)).body.permissions).toHaveLength(1)
})

test('an accounting office opens a client context with its own seal, and with a KSeF certificate of it', async () => {
  await using company = await aCompany()
  const { caller } = company
  const ask = asker(caller, company.access)
  const office = await makeHolder({ name: sealOf(OFFICE_NIP) })
  expect(await signInCode(caller, office, { context: OWN_CONTEXT })).toBe(415)
  const wanted = [{ type: 'InvoiceRead', canDelegate: true }, { type: 'InvoiceWrite' }]
  expect((await settle(company, ask('POST', '/permissions/entities/grants', toEntity(wanted)))).code).toBe(
    200,
  )
  const inClient = await caller.signIn(office, { context: OWN_CONTEXT })
  const session = await caller.openSession(inClient.access)
  expect(session.referenceNumber).toHaveLength(36)
  const managing = await asker(caller, inClient.access)(
    'POST',
    '/permissions/persons/grants',
    toPerson(['InvoiceRead']),
  )
  expect([managing.status, managing.body.reasonCode]).toEqual([403, 'missing-permissions'])

  const home = asker(caller, await alsoSignsIn(company, OFFICE_NIP))
  const received = await home('POST', '/permissions/query/entities/grants', {})
  expect(received.body.permissions.map((one: Json) => [one.permissionScope, one.canDelegate]).sort()).toEqual(
    [
      ['InvoiceRead', true],
      ['InvoiceWrite', false],
    ],
  )
  expect(received.body.permissions[0].contextIdentifier).toEqual({ type: 'Nip', value: COMPANY_NIP })
  const elsewhere = { contextIdentifier: { type: 'Nip', value: '3755747347' } }
  expect((await home('POST', '/permissions/query/entities/grants', elsewhere)).body.permissions).toEqual([])
  const fromClient = { contextIdentifier: { type: 'Nip', value: COMPANY_NIP } }
  const personal = await home('POST', '/permissions/query/personal/grants', fromClient)
  expect(personal.body.permissions).toHaveLength(2)
})

describe('a grant is not possible', () => {
  test.each([
    {
      name: 'of enforcement where nobody enforces',
      path: '/permissions/persons/grants',
      body: toPerson(['EnforcementOperations']),
      code: 430,
    },
    {
      name: 'to the owner itself',
      path: '/permissions/persons/grants',
      body: toPerson(['InvoiceRead'], { subjectIdentifier: { type: 'Nip', value: COMPANY_NIP } }),
      code: 450,
    },
    {
      name: 'to the entity itself',
      path: '/permissions/entities/grants',
      body: toEntity([{ type: 'InvoiceRead' }], COMPANY_NIP),
      code: 450,
    },
  ])('$name', async ({ path, body, code }) => {
    await using company = await aCompany()
    const begun = asker(company.caller, company.access)('POST', path, body)
    expect((await settle(company, begun)).code).toBe(code)
  })

  test.each([
    [
      'with details of another kind than the identifier',
      { subjectIdentifier: { type: 'Fingerprint', value: 'A'.repeat(64) } },
    ],
    ['with a malformed identifier', { subjectIdentifier: { type: 'Pesel', value: '1234567890' } }],
    ['without the details it announces', { subjectDetails: { subjectDetailsType: 'PersonByIdentifier' } }],
    ['without permissions', { permissions: [] }],
    ['with a short description', { description: 'abc' }],
  ])('%s: 21405', async (_name, over) => {
    await using company = await aCompany()
    const ask = asker(company.caller, company.access)
    const refused = await ask('POST', '/permissions/persons/grants', toPerson(['InvoiceRead'], over))
    expect([refused.status, errorCode(refused.body)]).toEqual([400, 21405])
  })
})

test('a fingerprint is granted and signs in as itself', async () => {
  await using company = await aCompany()
  const { caller } = company
  const holder = await makeHolder({ name: [{ CN: ['Bez numeru'] }] })
  const value = fingerprintOf(new X509Certificate(holder.certificate))
  const body = toPerson(['InvoiceWrite'], {
    subjectIdentifier: { type: 'Fingerprint', value: value.toLowerCase() },
    subjectDetails: {
      subjectDetailsType: 'PersonByFingerprintWithoutIdentifier',
      personByFpNoId: {
        firstName: 'John',
        lastName: 'Smith',
        birthDate: '1980-01-02',
        idDocument: { type: 'paszport', number: 'AB123456', country: 'GB' },
      },
    },
  })
  const ask = asker(caller, company.access)
  await settle(company, ask('POST', '/permissions/persons/grants', body))
  const recipe = { context: OWN_CONTEXT, subjectIdentifierType: 'certificateFingerprint' }
  expect(await signInCode(caller, holder, recipe)).toBe(200)
  const query = {
    queryType: 'PermissionsInCurrentContext',
    authorizedIdentifier: { type: 'Fingerprint', value },
  }
  const { body: found } = await ask('POST', '/permissions/query/persons/grants', query)
  expect(found.permissions[0].subjectPersonDetails).toMatchObject({
    birthDate: '1980-01-02',
    idDocument: { country: 'GB' },
  })
})

test('lists filter by right, author, authorized and state, and come in pages, latest first', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const { caller } = company
  const ask = asker(caller, company.access)
  const people = ['30112206276', '44051401458', '02070803628', '90080517455', '65071209862', '85010112345']
  for (const value of people) {
    time.ms += 1000
    const over = { subjectIdentifier: { type: 'Pesel', value } }
    await ask('POST', '/permissions/persons/grants', toPerson(['InvoiceRead', 'InvoiceWrite'], over))
  }
  await caller.ask('POST', '/testdata/permissions', {
    body: {
      contextIdentifier: { type: 'Nip', value: COMPANY_NIP },
      authorizedIdentifier: { type: 'Nip', value: '3755747347' },
      permissions: [{ permissionType: 'Introspection', description: 'dane testowe' }],
    },
  })
  const query = async (filter: Json, paging = '') =>
    (
      await ask('POST', `/permissions/query/persons/grants${paging}`, {
        queryType: 'PermissionsInCurrentContext',
        ...filter,
      })
    ).body
  const first = await query({})
  expect([first.permissions.length, first.hasMore]).toEqual([10, true])
  expect((await query({}, '?pageOffset=1')).permissions).toHaveLength(3)
  expect(first.permissions[0].startDate >= first.permissions[9].startDate).toBe(true)
  const count = async (filter: Json) => (await query(filter, '?pageSize=100')).permissions.length
  expect(await count({ permissionTypes: ['InvoiceWrite'] })).toBe(6)
  expect(await count({ authorizedIdentifier: { type: 'Pesel', value: people[2] } })).toBe(2)
  expect(await count({ authorIdentifier: { type: 'System' } })).toBe(1)
  expect(await count({ authorIdentifier: { type: 'Nip', value: COMPANY_NIP } })).toBe(12)
  expect(await count({ permissionState: 'Inactive' })).toBe(0)
  expect(await count({ targetIdentifier: { type: 'AllPartners' } })).toBe(0)
  expect(await count({ queryType: 'PermissionsGrantedInCurrentContext' })).toBe(12)
  expect(await count({ contextIdentifier: { type: 'Nip', value: '3755747347' } })).toBe(0)
})

test('roles follow test data: a VAT group, its member, a bailiff, an enforcement authority', async () => {
  await using company = await aCompany()
  const { caller } = company
  const member = { subjectNip: COMPANY_NIP, description: 'członek grupy' }
  const subject = { subjectType: 'VatGroup', description: 'grupa VAT', subunits: [member] }
  await caller.ask('POST', '/testdata/subject', { body: { subjectNip: OFFICE_NIP, ...subject } })
  const roles = async (token: string) =>
    (await asker(caller, token)('GET', '/permissions/query/entities/roles')).body.roles
  expect(await roles(await alsoSignsIn(company, OFFICE_NIP))).toMatchObject([{ role: 'VatGroupUnit' }])
  expect(await roles(company.access)).toMatchObject([
    { role: 'VatGroupSubUnit', parentEntityIdentifier: { type: 'Nip', value: OFFICE_NIP } },
  ])
  const bailiff = { nip: '3755747347', pesel: PESEL, isBailiff: true, description: 'komornik' }
  await caller.ask('POST', '/testdata/person', { body: bailiff })
  const token = await alsoSignsIn(company, '3755747347')
  expect(await roles(token)).toMatchObject([{ role: 'CourtBailiff' }])
  const over = { subjectIdentifier: { type: 'Pesel', value: '44051401458' } }
  const granting = asker(caller, token)(
    'POST',
    '/permissions/persons/grants',
    toPerson(['EnforcementOperations'], over),
  )
  expect((await settle(company, granting, token)).code).toBe(200)
  const authority = { subjectNip: '4972530874', subjectType: 'EnforcementAuthority', description: 'urząd' }
  await caller.ask('POST', '/testdata/subject', { body: authority })
  expect(await roles(await alsoSignsIn(company, '4972530874'))).toMatchObject([
    { role: 'EnforcementAuthority' },
  ])
})

test('consent to attachments is given, ends on its day, and is seen', async () => {
  const time = { ms: Date.parse('2026-11-22T12:00:00Z') }
  await using company = await aCompany({
    now: () => new Date(time.ms),
    processingDelayMs: 0,
    accessTokenSeconds: 5 * 86_400,
  })
  const ask = asker(company.caller, company.access)
  const status = async () => (await ask('GET', '/permissions/attachments/status')).body
  const none = { isAttachmentAllowed: false, revokedDate: null }
  expect(await status()).toEqual(none)
  await company.caller.ask('POST', '/testdata/attachment', { body: { nip: COMPANY_NIP } })
  expect(await status()).toEqual({ isAttachmentAllowed: true, revokedDate: null })
  const end = { nip: COMPANY_NIP, expectedEndDate: '2026-11-24' }
  expect((await company.caller.ask('POST', '/testdata/attachment/revoke', { body: end })).status).toBe(200)
  expect((await status()).isAttachmentAllowed).toBe(true)
  time.ms += 2 * DAY_MS
  expect((await status()).isAttachmentAllowed).toBe(false)
})

test('the status of an operation belongs to its context, is kept thirty days, and can be armed', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({
    now: () => new Date(time.ms),
    processingDelayMs: 0,
    accessTokenSeconds: 40 * 86_400,
  })
  const { caller } = company
  const ask = asker(caller, company.access)
  await caller.ask('POST', `${company.control}/outcomes`, {
    body: { kind: 'permissionOperation', code: 550 },
  })
  const begun = await ask('POST', '/permissions/persons/grants', toPerson(['InvoiceRead']))
  const path = `/permissions/operations/${begun.body.referenceNumber}`
  expect((await ask('GET', path)).body.status.code).toBe(550)
  const query = { queryType: 'PermissionsInCurrentContext' }
  expect((await ask('POST', '/permissions/query/persons/grants', query)).body.permissions).toEqual([])
  const stranger = await asker(caller, await alsoSignsIn(company, OFFICE_NIP))('GET', path)
  expect(errorCode(stranger.body)).toBe(21405)
  time.ms += 31 * DAY_MS
  expect((await ask('GET', path)).status).toBe(410)
})

const folder = contractFolder('comparing required permissions with the official ones')

describe.runIf(folder !== undefined)('required permissions', () => {
  const openApi: Json =
    folder === undefined ? { paths: {} } : JSON.parse(readFileSync(`${folder}/open-api.json`, 'utf8'))
  const official = Object.entries<Json>(openApi.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item).flatMap(([method, operation]) => {
      const required: string[] | undefined = operation['x-required-permissions']
      const name = `${method.toUpperCase()} ${path}`
      return required === undefined || UNIMPLEMENTED.includes(name) ? [] : [{ name, required }]
    }),
  )

  test('are those of the contract for every operation spoken', () => {
    for (const { name, required } of official)
      expect([name, REQUIRED_PERMISSIONS[name]]).toEqual([name, required])
  })

  test('are asked for before anything else: a caller without them gets 403 and learns which', async () => {
    await using company = await aCompany()
    const { caller } = company
    await settle(
      company,
      asker(caller, company.access)(
        'POST',
        '/permissions/persons/grants',
        toPerson(['CollectiveIdentifierManage']),
      ),
    )
    const holder = await makeHolder({ name: personOf(`PNOPL-${PESEL}`) })
    const { access } = await caller.signIn(holder, { context: OWN_CONTEXT })
    for (const { name, required } of official) {
      const [method = '', path = ''] = name.split(' ')
      const url = path.replaceAll(/\{\w+\}/g, '20261122-SO-0000000000-0000000000-00')
      const answer = await asker(caller, access)(method, url, method === 'GET' ? undefined : {})
      expect([name, answer.status, answer.body.reasonCode]).toEqual([name, 403, 'missing-permissions'])
      expect(answer.body.security).toEqual({
        requiredAnyOfPermissions: required,
        presentPermissions: ['CollectiveIdentifierManage'],
      })
    }
  })
})
