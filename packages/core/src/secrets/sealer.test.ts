import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type TokenOwner, tokenKey } from '../access/token-cache.ts'
import { createSealer, encodeOwner } from './sealer.ts'

const sealer = createSealer(randomBytes(32), randomBytes)
const PLAIN = Buffer.from('a token')

const owner = (
  more: Partial<Record<'environment' | 'company' | 'credential' | 'version' | 'type' | 'value', string>> = {},
): TokenOwner => [
  'access-token',
  more.environment ?? 'test',
  more.company ?? 'company-a',
  more.credential ?? 'credential-1',
  more.version ?? '1',
  more.type ?? 'Nip',
  more.value ?? '5265877635',
]

/** Two owners of each pair must never meet: not as a cache key, not under the seal. */
const CONFUSIONS: Record<string, readonly [TokenOwner, TokenOwner]> = {
  'the same NIP in two companies': [owner(), owner({ company: 'company-b' })],
  'two kinds of context with the same digits': [owner(), owner({ type: 'InternalId' })],
  'a NIP and an EU VAT context': [owner(), owner({ type: 'NipVatUe' })],
  'test and production': [owner(), owner({ environment: 'production' })],
  'two credentials of one company': [owner(), owner({ credential: 'credential-2' })],
  'two versions of one credential': [owner(), owner({ version: '2' })],
  'a separator inside a value': [
    owner({ type: 'Nip:5', value: '265877635' }),
    owner({ type: 'Nip', value: '5:265877635' }),
  ],
  'Unicode digits': [owner(), owner({ value: '５２６５８７７６３５' })],
  'upper and lower case': [owner(), owner({ type: 'NIP' })],
  'a trailing blank': [owner(), owner({ value: '5265877635 ' })],
  'a NUL': [owner(), owner({ value: '5265877635\0' })],
  'an empty part': [owner({ credential: '' }), owner({ version: '' })],
  'a prefix of another': [owner({ value: '526587763' }), owner()],
  'parts that move their border': [
    owner({ company: 'company', credential: '-acredential-1' }),
    owner({ company: 'company-a', credential: 'credential-1' }),
  ],
  'composed and decomposed letters': [owner({ value: 'é' }), owner({ value: 'e\u0301' })],
  'a version and the digit that follows it': [
    owner({ version: '1', type: '1Nip' }),
    owner({ version: '11', type: 'Nip' }),
  ],
}

const identity = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('owners', () => {
  test('all sixteen confusions are tried', () => {
    expect(Object.keys(CONFUSIONS)).toHaveLength(16)
  })

  test.each(Object.entries(CONFUSIONS))('%s never meet', (_, [one, other]) => {
    expect(tokenKey(one, identity)).not.toBe(tokenKey(other, identity))
    expect(sealer.open(sealer.seal(PLAIN, one), other)).toBeNull()
    expect(sealer.open(sealer.seal(PLAIN, other), one)).toBeNull()
    expect(sealer.open(sealer.seal(PLAIN, one), one)).toEqual(PLAIN)
  })

  test('two lists of parts are encoded alike only when they are alike', () => {
    const parts = fc.array(fc.string(), { maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const alike = identity(encodeOwner(one)) === identity(encodeOwner(other))
        // Lone surrogates have no UTF-8 of their own; what is encoded is compared.
        const text = (list: string[]) => JSON.stringify(list.map((part) => Buffer.from(part).toString('hex')))
        expect(alike).toBe(text(one) === text(other))
      }),
    )
  })
})

describe('a sealed value', () => {
  test('swapped with another’s opens for neither: 500 of 500', () => {
    const owners = Array.from({ length: 500 }, (_, n) => owner({ company: `company-${n}` }))
    const sealed = owners.map((one) => sealer.seal(PLAIN, one))
    const opened = owners.filter((one, n) => sealer.open(sealed[(n + 1) % 500] ?? '', one) !== null)
    expect(opened).toEqual([])
  })

  test('changed in any one bit, cut anywhere or followed by anything does not open', () => {
    const [version, id, text] = sealer.seal(PLAIN, ['me']).split('.')
    const bytes = Buffer.from(text ?? '', 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(sealer.open(`${version}.${id}.${changed.toString('base64url')}`, ['me'])).toBeNull()
    }
    for (let length = 0; length < bytes.length; length++)
      expect(
        sealer.open(`${version}.${id}.${bytes.subarray(0, length).toString('base64url')}`, ['me']),
      ).toBeNull()
    for (const wrong of [
      `v2.${id}.${text}`,
      `${version}.00000000.${text}`,
      `${version}.${id}.${text}.x`,
      `${version}.${text}`,
      '',
    ])
      expect(sealer.open(wrong, ['me'])).toBeNull()
  })

  test('of the same text twice is not the same text', () => {
    expect(sealer.seal(PLAIN, ['me'])).not.toBe(sealer.seal(PLAIN, ['me']))
  })

  test('under another master key does not open, and says nothing of the key', () => {
    const key = randomBytes(32)
    const sealed = createSealer(key, randomBytes).seal(PLAIN, ['me'])
    expect(sealer.open(sealed, ['me'])).toBeNull()
    expect(sealed).not.toContain(key.toString('hex').slice(0, 8))
  })

  test('opens as it was, whatever it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.string()), (plain, who) => {
        expect(Buffer.from(sealer.open(sealer.seal(plain, who), who) ?? 'null')).toEqual(Buffer.from(plain))
      }),
    )
  })

  test('needs a master key of 32 bytes', () => {
    expect(() => createSealer(randomBytes(31), randomBytes)).toThrow('32 bytes')
  })
})
