import { inspect } from 'node:util'
import { Sealed } from '@ksef-fleet/ksef'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SuppliedCredential } from '../credentials/read-credential.ts'
import { readCredential } from '../credentials/read-credential.ts'
import { CompanyId, CredentialId } from '../identifiers.ts'
import {
  type CredentialSecret,
  markOf,
  packSecret,
  type SecretOwner,
  unpackSecret,
  versionIdOf,
} from './credential-secret.ts'

const CANARY = 'canary-88ab'
const OWNER: SecretOwner = {
  credentialId: CredentialId.parse('0192f0a0-0000-7000-8000-000000000001'),
  companyId: CompanyId.parse('0192f0a0-0000-7000-8000-000000000002'),
  context: { type: 'Nip', value: '5265877635' },
  number: 3,
}

const SECRETS: Record<string, CredentialSecret> = {
  token: { kind: 'token', token: new Sealed(CANARY) },
  certificate: { kind: 'certificate', certificatePem: 'public', privateKeyPem: new Sealed(CANARY) },
  key: { kind: 'key', privateKeyPem: new Sealed(CANARY) },
}

const SUPPLIED: Record<string, SuppliedCredential> = {
  token: { type: 'token', token: new Sealed(CANARY) },
  certificate: {
    type: 'certificate',
    certificatePem: 'public',
    privateKeyPem: new Sealed(CANARY),
    passphrase: new Sealed(CANARY),
  },
  pkcs12: { type: 'pkcs12', pkcs12: new Uint8Array(), passphrase: new Sealed(CANARY) },
}

/** Every way in which a value becomes text by accident. */
function printed(value: object): string[] {
  return [
    JSON.stringify(value),
    JSON.stringify({ nested: [value] }),
    inspect(value, { depth: 9, showHidden: true, getters: true }),
    Object.values(value).join(' '),
    `${Object.values(value).map((one) => `${one}`)}`,
  ]
}

test.each([
  ...Object.entries(SECRETS).map(([name, value]) => [`the secret of a ${name}`, value] as const),
  ...Object.entries(SUPPLIED).map(([name, value]) => [`a ${name} as supplied`, value] as const),
  [
    'a token that was read',
    readCredential({ type: 'token', token: new Sealed(`${CANARY}-long-enough`) }, new Date(0)),
  ] as const,
])('%s prints as sealed, however it is printed', (_, value) => {
  for (const text of printed(value)) expect(text).not.toContain(CANARY)
  expect(JSON.stringify(value)).toContain('[sealed]')
})

describe('a stored secret', () => {
  test.each(Object.entries(SECRETS))('of a %s is read back by its owner', (_, secret) => {
    const read = unpackSecret(packSecret(OWNER, secret), OWNER)
    expect(read.ok && packSecret(OWNER, read.secret)).toBe(packSecret(OWNER, secret))
  })

  test('is read by nobody who differs in any part', () => {
    const part = fc.oneof(fc.constantFrom('1', '2'), fc.string({ maxLength: 4 }))
    const owners = fc.record({
      credentialId: fc.constantFrom(
        OWNER.credentialId,
        CredentialId.parse('0192f0a0-0000-7000-8000-000000000009'),
      ),
      companyId: fc.constantFrom(
        OWNER.companyId,
        null,
        CompanyId.parse('0192f0a0-0000-7000-8000-000000000008'),
      ),
      context: fc.option(fc.record({ type: fc.constantFrom('Nip', 'InternalId', 'NipVatUe'), value: part })),
      number: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(owners, owners, (one, other) => {
        const alike = JSON.stringify(one) === JSON.stringify(other)
        expect(unpackSecret(packSecret(one, SECRETS.token as CredentialSecret), other).ok).toBe(alike)
      }),
    )
  })

  test('that is damaged says so without a word of it', () => {
    const text = packSecret(OWNER, SECRETS.token as CredentialSecret)
    for (let cut = 0; cut < text.length; cut++) {
      const read = unpackSecret(text.slice(0, cut), OWNER)
      expect(read).toEqual({ ok: false, why: 'the secret does not have the expected form' })
    }
  })
})

test('a version’s id and mark follow from what it holds, and hold nothing of it', () => {
  const packed = Object.values(SECRETS).map((secret) => packSecret(OWNER, secret))
  expect(new Set(packed.map(versionIdOf)).size).toBe(packed.length)
  const id = versionIdOf(packed[0] ?? '')
  expect(versionIdOf(packSecret(OWNER, SECRETS.token as CredentialSecret))).toBe(id)
  expect(markOf(3, 'token', id)).toMatch(/^fleet-v3-token-[0-9a-f]{12}$/)
})
