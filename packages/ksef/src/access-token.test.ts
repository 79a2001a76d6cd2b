import { expect, test } from 'vitest'
import { decodeAccessToken } from './access-token.ts'
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
    expect(decodeAccessToken(new Sealed(token))).toEqual({ expiresAt: null })
  },
)

test('a claim of another type is left out', () => {
  expect(decodeAccessToken(jwt({ exp: 'soon', per: 7 }))).toEqual({ expiresAt: null })
})
