import { expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { makeHolder, personOf, sealOf } from './wire/certificate.ts'
import { aCompany, COMPANY_NIP, type Company } from './wire/company.ts'

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const DAY_MS = 24 * 3_600_000
const context = { type: 'Nip', value: COMPANY_NIP }

const arm = ({ caller, control }: Company, body: Json) => caller.ask('POST', `${control}/outcomes`, { body })

const asker =
  ({ caller, access }: Company) =>
  (method: string, path: string, body?: unknown) =>
    caller.ask(method, path, { token: access, ...(body === undefined ? {} : { body }) })

test.each([
  [400, 'Uwierzytelnianie zakończone niepowodzeniem', undefined],
  [450, 'Uwierzytelnianie zakończone niepowodzeniem z powodu błędnego tokenu', ['Token nieaktywny']],
  [
    460,
    'Uwierzytelnianie zakończone niepowodzeniem z powodu błędu certyfikatu',
    ['Błąd weryfikacji łańcucha certyfikatów'],
  ],
  [480, 'Uwierzytelnienie zablokowane', undefined],
  [500, 'Nieznany błąd', undefined],
  [550, 'Operacja została anulowana przez system', undefined],
])(
  'a sign-in can be made to end in %i, once, and then is not redeemed',
  async (code, description, details) => {
    await using company = await aCompany()
    const { caller } = company
    await arm(company, { kind: 'authentication', code, ...(details === undefined ? {} : { details }) })
    const holder = await makeHolder({ name: sealOf(COMPANY_NIP) })
    const init = (await caller.submit(holder)).body
    const { status } = await caller.outcome(init)
    expect(status).toEqual({ code, description, ...(details === undefined ? {} : { details }) })
    const redeem = await caller.ask('POST', '/auth/token/redeem', { token: init.authenticationToken.token })
    expect([redeem.status, errorCode(redeem.body)]).toEqual([400, 21301])
    expect((await caller.outcome((await caller.submit(holder)).body)).status.code).toBe(200)
  },
)

test('the status of a sign-in is gone after seven days, whoever asks', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const { caller } = company
  const holder = await makeHolder({ name: sealOf(COMPANY_NIP), notAfter: new Date(time.ms + 400 * DAY_MS) })
  const old = (await caller.submit(holder)).body
  time.ms += 8 * DAY_MS
  const { authenticationToken } = (await caller.submit(holder)).body
  const gone = await caller.ask('GET', `/auth/${old.referenceNumber}`, { token: authenticationToken.token })
  expect([gone.status, gone.body.title]).toEqual([410, 'Gone'])
})

test('the list of sign-ins pages by continuation token and leaves out those that cannot refresh', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({
    now: () => new Date(time.ms),
    processingDelayMs: 0,
    accessTokenSeconds: 9 * 86_400,
  })
  const { caller } = company
  const holder = await makeHolder({ name: sealOf(COMPANY_NIP) })
  for (let made = 0; made < 11; made++) {
    time.ms += 1000
    await caller.signIn(holder)
  }
  const ask = asker(company)
  const first = await ask('GET', '/auth/sessions?pageSize=10')
  expect(first.body.items).toHaveLength(10)
  expect(first.body.items[0].startDate > first.body.items[9].startDate).toBe(true)
  const headers = { 'x-continuation-token': first.body.continuationToken }
  const second = await caller.ask('GET', '/auth/sessions', { token: company.access, headers })
  expect([second.body.items.length, second.body.continuationToken]).toEqual([2, null])
  expect(second.body.items[1].isCurrent).toBe(true)
  time.ms += 8 * DAY_MS
  expect((await ask('GET', '/auth/sessions')).body.items).toEqual([])
})

test('an address policy outside the rules is refused at once, by XML and by JSON', async () => {
  await using company = await aCompany()
  const { caller } = company
  const holder = await makeHolder({ name: sealOf(COMPANY_NIP) })
  const policyOf = (xml: string) =>
    `<AuthorizationPolicy><AllowedIps>${xml}</AllowedIps></AuthorizationPolicy>`
  for (const xml of [
    '<Ip4Address>300.1.1.1</Ip4Address>',
    '<Ip4Mask>10.0.0.0/33</Ip4Mask>',
    '<Ip4Address>10.0.0.1</Ip4Address>'.repeat(11),
  ]) {
    const answer = await caller.submit(holder, { namespaceVersion: '2.1', policy: policyOf(xml) })
    expect([answer.status, errorCode(answer.body)]).toEqual([400, 21401])
  }
  for (const allowedIps of [{ ip4Addresses: ['300.1.1.1'] }, { ip4Ranges: ['10.0.0.9-10.0.0.1'] }]) {
    const { challenge } = await caller.challenge()
    const authorizationPolicy = { allowedIps }
    const body = { challenge, contextIdentifier: context, encryptedToken: 'AAAA', authorizationPolicy }
    expect(errorCode((await caller.ask('POST', '/auth/ksef-token', { body })).body)).toBe(21405)
  }
})

test.each([
  ['<Nip>1234567890</Nip><Nip>5265877635</Nip>', 'two identifiers'],
  ['<Nip>0265877635</Nip>', 'a NIP that cannot be one'],
  ['<PeppolId>XPL123456</PeppolId>', 'a Peppol identifier of another shape'],
])('a context of %s is not an AuthTokenRequest: %s', async (wrong) => {
  await using company = await aCompany()
  const holder = await makeHolder({ name: sealOf(COMPANY_NIP) })
  const answer = await company.caller.submit(holder, { context: wrong })
  expect([answer.status, errorCode(answer.body)]).toEqual([400, 21401])
})

test('an Id by which the signature refers to the request is not held against it', async () => {
  await using company = await aCompany()
  const holder = await makeHolder({ name: sealOf(COMPANY_NIP) })
  const recipe = { packaging: 'enveloping' as const, requestId: 'request-1' }
  const { body } = await company.caller.submit(holder, recipe)
  expect((await company.caller.outcome(body)).status.code).toBe(200)
})

test('a KSeF token that fails to activate says so and does not sign in', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller } = company
  await arm(company, { kind: 'ksefToken', code: 500, details: ['Nie udało się aktywować tokena'] })
  const ask = asker(company)
  const made = await ask('POST', '/tokens', { permissions: ['InvoiceRead'], description: 'token testowy' })
  const { body } = await ask('GET', `/tokens/${made.body.referenceNumber}`)
  expect([body.status, body.statusDetails]).toEqual(['Failed', ['Nie udało się aktywować tokena']])
  const { challenge, timestampMs } = await caller.challenge()
  const key = await caller.keyFor('KsefTokenEncryption')
  const encryptedToken = caller.wrap(key, Buffer.from(`${made.body.token}|${timestampMs}`))
  const init = await caller.ask('POST', '/auth/ksef-token', {
    body: { challenge, contextIdentifier: context, encryptedToken, publicKeyId: key.publicKeyId },
  })
  const { status } = await caller.outcome(init.body)
  expect([status.code, status.details]).toEqual([450, ['Token nieaktywny']])
})

test('a token that is being revoked is Revoking, then Revoked; lists filter by author', async () => {
  const time = { ms: Date.now() }
  await using company = await aCompany({ now: () => new Date(time.ms), processingDelayMs: 0 })
  const ask = asker(company)
  const body = { permissions: ['InvoiceRead'], description: 'token testowy' }
  const { referenceNumber } = (await ask('POST', '/tokens', body)).body
  time.ms += 1000
  expect((await ask('DELETE', `/tokens/${referenceNumber}`)).status).toBe(204)
  time.ms -= 1
  expect((await ask('GET', `/tokens/${referenceNumber}`)).body.status).toBe('Revoking')
  time.ms += 1
  expect((await ask('GET', `/tokens/${referenceNumber}`)).body.status).toBe('Revoked')
  const count = async (query: string) => (await ask('GET', `/tokens?${query}`)).body.tokens.length
  expect(await count('status=Revoked&status=Active')).toBe(1)
  expect(await count('status=Active')).toBe(0)
  expect(await count(`authorIdentifier=${COMPANY_NIP.slice(2, 8)}&authorIdentifierType=Nip`)).toBe(1)
  expect(await count('authorIdentifierType=Pesel')).toBe(0)
  expect(await count('authorIdentifier=999999')).toBe(0)
  expect((await ask('GET', '/tokens?status=Unknown')).status).toBe(400)
})

test('a person sees tokens made under the other identifier of the same person', async () => {
  await using company = await aCompany()
  const { caller } = company
  const nip = '3755747347'
  const person = { nip, pesel: '30112206276', isBailiff: false, description: 'właściciel' }
  await caller.ask('POST', '/testdata/person', { body: person })
  const recipe = { context: `<Nip>${nip}</Nip>` }
  const byPesel = await caller.signIn(await makeHolder({ name: personOf('PNOPL-30112206276') }), recipe)
  const body = { permissions: ['InvoiceRead'], description: 'token osoby' }
  await caller.ask('POST', '/tokens', { token: byPesel.access, body })
  const byNip = await caller.signIn(await makeHolder({ name: personOf(`TINPL-${nip}`) }), recipe)
  const { tokens } = (await caller.ask('GET', '/tokens', { token: byNip.access })).body
  expect(tokens).toMatchObject([{ authorIdentifier: { type: 'Pesel', value: '30112206276' } }])
})

test('a system warning that is set stands on every answer until it is taken away', async () => {
  await using company = await aCompany()
  const { caller, control } = company
  const set = (warning: string | null) =>
    caller.ask('PUT', `${control}/system-warning`, { body: { warning } })
  const seen = async () => (await caller.ask('POST', '/auth/challenge')).headers.get('x-system-warning')
  await set('[W1]: Zmiana wkrótce'.normalize('NFD').replaceAll(/[^\x20-\x7E]/g, ''))
  expect(await seen()).toBe('[W1]: Zmiana wkrotce')
  await set(null)
  expect(await seen()).toBeNull()
})

test('an access token names its type, its context and the rights granted, or Owner in their place', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const claimsOf = (token: string): Json =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const owner = claimsOf(access)
  expect(owner).toMatchObject({ typ: 'ContextToken', cit: 'Nip', civ: COMPANY_NIP, per: '["Owner"]' })
  await caller.ask('POST', '/testdata/permissions', {
    body: {
      contextIdentifier: context,
      authorizedIdentifier: { type: 'Nip', value: '7980332920' },
      permissions: [{ permissionType: 'InvoiceRead', description: 'biuro rachunkowe' }],
    },
  })
  const office = await caller.signIn(await makeHolder({ name: sealOf('7980332920') }))
  expect(claimsOf(office.access)).toMatchObject({ per: '["InvoiceRead"]', rol: '[]' })
})
