import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Caller, Json } from './wire/caller.ts'
import { aCompany, COMPANY_NIP } from './wire/company.ts'

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const context = { type: 'Nip', value: COMPANY_NIP }

async function makeToken(
  caller: Caller,
  access: string,
  permissions = ['InvoiceWrite', 'InvoiceRead'],
): Promise<Json> {
  const made = await caller.ask('POST', '/tokens', {
    token: access,
    body: { permissions, description: 'token testowy' },
  })
  await caller.until(
    () => caller.ask('GET', `/tokens/${made.body.referenceNumber}`, { token: access }),
    (body) => body.status === 'Active',
  )
  return made.body
}

type Spoilt = {
  token?: string
  timestampMs?: number
  encryptedToken?: string
  contextIdentifier?: unknown
  publicKeyId?: string
}

async function submit(caller: Caller, secret: string, spoilt: Spoilt = {}) {
  const { challenge, timestampMs } = await caller.challenge()
  const key = await caller.keyFor('KsefTokenEncryption')
  const encryptedToken = caller.wrap(key, Buffer.from(`${secret}|${spoilt.timestampMs ?? timestampMs}`))
  return caller.ask('POST', '/auth/ksef-token', {
    body: { challenge, contextIdentifier: context, encryptedToken, publicKeyId: key.publicKeyId, ...spoilt },
  })
}

test('a token made in a context signs in there with its own rights only, and can revoke itself', async () => {
  await using company = await aCompany()
  const { caller } = company
  const made = await makeToken(caller, company.access, ['InvoiceRead'])
  const { access, refresh } = await caller.redeem((await submit(caller, made.token)).body)
  const own = await caller.ask('POST', '/permissions/query/personal/grants', { token: access, body: {} })
  expect(own.body.permissions.map((one: Json) => one.permissionScope)).toEqual(['InvoiceRead'])
  const open = await caller.ask('POST', '/sessions/online', {
    token: access,
    body: caller.opening(await caller.newKey()),
  })
  expect(open.status).toBe(403)
  expect((await caller.ask('DELETE', `/tokens/${made.referenceNumber}`, { token: access })).status).toBe(204)
  expect(errorCode((await caller.ask('POST', '/auth/token/refresh', { token: refresh })).body)).toBe(21301)
  expect((await caller.outcome((await submit(caller, made.token)).body)).status.code).toBe(450)
})

test('a token cannot make another token, nor grant what its maker lacks', async () => {
  await using company = await aCompany()
  const { caller } = company
  const made = await makeToken(caller, company.access)
  const { access } = await caller.redeem((await submit(caller, made.token)).body)
  const body = { permissions: ['InvoiceRead'], description: 'następny token' }
  const denied = await caller.ask('POST', '/tokens', { token: access, body })
  expect([denied.status, denied.body.reasonCode]).toEqual([403, 'auth-method-not-allowed'])
  const wanting = { permissions: ['EnforcementOperations'], description: 'za dużo' }
  expect(
    errorCode((await caller.ask('POST', '/tokens', { token: company.access, body: wanting })).body),
  ).toBe(26001)
})

test('the list of tokens filters by status and pages by continuation token', async () => {
  await using company = await aCompany({ processingDelayMs: 0 })
  const { caller, access } = company
  for (let made = 0; made < 11; made++) await makeToken(caller, access)
  const first = await caller.ask('GET', '/tokens?pageSize=10&status=Active', { token: access })
  expect(first.body.tokens).toHaveLength(10)
  const headers = { 'x-continuation-token': first.body.continuationToken }
  const second = await caller.ask('GET', '/tokens?pageSize=10&status=Active', { token: access, headers })
  expect([second.body.tokens.length, second.body.continuationToken]).toEqual([1, null])
  const foreign = await caller.ask('GET', '/tokens', {
    token: access,
    headers: { 'x-continuation-token': 'obcy' },
  })
  expect(errorCode(foreign.body)).toBe(21418)
})

test.each([
  [
    'a secret nobody issued',
    () => ({ token: '20260101-EC-0000000000-0000000000-00|nip-5265877635|ab' }),
    'Nieprawidłowy token',
  ],
  ['another timestamp than the challenge', () => ({ timestampMs: 1 }), 'Nieprawidłowy czas tokena'],
  [
    'bytes that the key does not open',
    () => ({ encryptedToken: randomBytes(256).toString('base64') }),
    'Nieprawidłowe szyfrowanie tokena',
  ],
  [
    'another context',
    () => ({ contextIdentifier: { type: 'Nip', value: '7980332920' } }),
    'Token nie może być użyty',
  ],
])('%s ends in status 450', async (_name, spoil, detail) => {
  await using company = await aCompany()
  const { caller } = company
  const made = await makeToken(caller, company.access)
  const { token = made.token, ...spoilt }: Spoilt = spoil()
  const { status } = await caller.outcome((await submit(caller, token, spoilt)).body)
  expect(status.code).toBe(450)
  expect(status.details[0]).toContain(detail)
})

test('a planned rotation keeps the old key beside the new one, an emergency retires it at once', async () => {
  await using company = await aCompany()
  const { caller, control } = company
  const made = await makeToken(caller, company.access)
  const old = await caller.keyFor('KsefTokenEncryption')
  await caller.ask('POST', `${control}/keys/rotate`, { body: { mode: 'planned' } })
  const both = await caller.ask('GET', '/security/public-key-certificates')
  expect(both.body.filter((key: Json) => key.usage.includes('KsefTokenEncryption'))).toHaveLength(2)
  expect((await caller.keyFor('KsefTokenEncryption')).publicKeyId).not.toBe(old.publicKeyId)
  const { challenge, timestampMs } = await caller.challenge()
  const encryptedToken = caller.wrap(old, Buffer.from(`${made.token}|${timestampMs}`))
  const withOld = { challenge, contextIdentifier: context, encryptedToken, publicKeyId: old.publicKeyId }
  expect((await caller.ask('POST', '/auth/ksef-token', { body: withOld })).status).toBe(202)

  await caller.ask('POST', `${control}/keys/rotate`, { body: { mode: 'emergency' } })
  const after = await caller.ask('GET', '/security/public-key-certificates')
  expect(after.body).toHaveLength(2)
  const again = await caller.ask('POST', '/auth/ksef-token', {
    body: { ...withOld, challenge: (await caller.challenge()).challenge },
  })
  expect([again.status, errorCode(again.body)]).toEqual([400, 21470])
  const opening = caller.opening({ ...(await caller.newKey()), publicKeyId: old.publicKeyId })
  const open = await caller.ask('POST', '/sessions/online', { token: company.access, body: opening })
  expect(errorCode(open.body)).toBe(21470)
})
