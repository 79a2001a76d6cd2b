import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatApiKey, hashApiKey, isApiKeyShaped } from './api-key.ts'

const randoms = fc.uint8Array({ minLength: 32, maxLength: 32 })
const scopes = fc.constantFrom('provider' as const, 'company' as const)

test('every key made is shaped like one, and says whose it is', () => {
  fc.assert(
    fc.property(scopes, randoms, (scope, random) => {
      const key = formatApiKey(scope, random)
      expect(isApiKeyShaped(key)).toBe(true)
      expect(key.startsWith(scope === 'provider' ? 'kfp_' : 'kfc_')).toBe(true)
    }),
  )
})

test('a key with any one character changed is no key any more', () => {
  const changes = fc.tuple(fc.nat(56), fc.constantFrom(...'ABCabc019_-'))
  fc.assert(
    fc.property(scopes, randoms, changes, (scope, random, [at, character]) => {
      const key = formatApiKey(scope, random)
      const changed = key.slice(0, at) + character + key.slice(at + 1)
      if (changed !== key) expect(isApiKeyShaped(changed)).toBe(false)
    }),
    { numRuns: 2_000 },
  )
})

test('a company’s key does not turn into a provider’s by its first letters', () => {
  const key = formatApiKey('company', randomBytes(32))
  expect(isApiKeyShaped(key.replace('kfc_', 'kfp_'))).toBe(false)
})

test('what surrounds a key makes it none: spaces, line ends, other letters', () => {
  const key = formatApiKey('provider', randomBytes(32))
  for (const text of [
    ` ${key}`,
    `${key} `,
    `${key}\n`,
    key.toUpperCase(),
    `${key}0`,
    '',
    key.slice(1),
    `${key}\0`,
  ])
    expect(isApiKeyShaped(text)).toBe(false)
})

test('two keys have two hashes, and a hash shows nothing of its key', () => {
  const [one, other] = [formatApiKey('provider', randomBytes(32)), formatApiKey('provider', randomBytes(32))]
  expect(hashApiKey(one)).not.toBe(hashApiKey(other))
  expect(hashApiKey(one)).toMatch(/^[0-9a-f]{64}$/)
})

test('too little randomness makes no key', () => {
  expect(() => formatApiKey('provider', randomBytes(31))).toThrow('32 random bytes')
})
