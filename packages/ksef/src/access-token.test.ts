import { expect, test } from 'vitest'
import { decodeAccessToken, lifeSecondsOf } from './access-token.ts'
import { Sealed } from './sealed.ts'

const jwt = (claims: unknown): Sealed<string> =>
  new Sealed(`eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`)

test('long claim names are read', () => {
  const claims = {
    exp: 1747220149,
    'context-identifier-type': 'Nip',
    'context-identifier-value': '3756977049',
  }
  expect(decodeAccessToken(jwt(claims))).toEqual({
    issuedAt: null,
    expiresAt: new Date('2025-05-14T10:55:49Z'),
    context: { type: 'Nip', value: '3756977049' },
  })
})

test('short claim names and a list written as JSON text are read', () => {
  const claims = { exp: 1747220149, cit: 'Nip', civ: '3756977049', per: '["InvoiceRead","InvoiceWrite"]' }
  expect(decodeAccessToken(jwt(claims))).toMatchObject({
    context: { type: 'Nip', value: '3756977049' },
    permissions: ['InvoiceRead', 'InvoiceWrite'],
  })
})

test.each(['', 'no jwt', 'a.b.c', 'a.e30.c', `a.${Buffer.from('[]').toString('base64url')}.c`])(
  'a token like %j has no claims, and reading it does not fail',
  (token) => {
    expect(decodeAccessToken(new Sealed(token))).toEqual({ issuedAt: null, expiresAt: null })
  },
)

test('a claim of another type, or a date beyond any calendar, is left out', () => {
  expect(decodeAccessToken(jwt({ exp: 'soon', iat: 1e300, per: 7 }))).toEqual({
    issuedAt: null,
    expiresAt: null,
  })
})

test("the life of a token is the distance of its own two dates, whatever anyone's clock shows", () => {
  const issuedInAnotherAge = { iat: 1_000_000_000, exp: 1_000_000_900 }
  expect(lifeSecondsOf(jwt(issuedInAnotherAge))).toBe(900)
})

test.each([{}, { exp: 5 }, { iat: 5 }, { iat: 9, exp: 9 }, { iat: 9, exp: 5 }])(
  'a token with %j does not tell its life',
  (claims) => {
    expect(lifeSecondsOf(jwt(claims))).toBeNull()
  },
)
