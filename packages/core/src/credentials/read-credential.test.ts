import { createPrivateKey, randomUUID } from 'node:crypto'
import { createSelfSignedCertificate, Sealed } from '@ksef-fleet/ksef'
import { beforeAll, describe, expect, test } from 'vitest'
import { FleetError } from '../errors.ts'
import { readCredential, type SuppliedCredential } from './read-credential.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
const PASSPHRASE = `passphrase-${randomUUID()}`

type Made = { certificatePem: string; privateKeyPem: string }
const certificate = (from: number, to: number): Promise<Made> =>
  createSelfSignedCertificate({
    nip: '5265877635',
    name: 'Firma',
    algorithm: 'ecdsa-p256',
    notBefore: inDays(from),
    notAfter: inDays(to),
  })

let valid: Made
let other: Made
beforeAll(async () => {
  valid = await certificate(-1, 100)
  other = await certificate(-1, 100)
})

const supplied = ({ certificatePem, privateKeyPem }: Made, passphrase?: string): SuppliedCredential => ({
  type: 'certificate',
  certificatePem,
  privateKeyPem: new Sealed(privateKeyPem),
  ...(passphrase === undefined ? {} : { passphrase: new Sealed(passphrase) }),
})

const encrypted = ({ certificatePem, privateKeyPem }: Made): Made => ({
  certificatePem,
  privateKeyPem: createPrivateKey(privateKeyPem)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE })
    .toString(),
})

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    const text = error instanceof FleetError ? `${error.stack}${JSON.stringify(error)}` : ''
    for (const secret of [PASSPHRASE, 'PRIVATE KEY', 'canary']) expect(text).not.toContain(secret)
    return error instanceof FleetError ? error.code : String(error)
  }
  return 'no error'
}

describe('a certificate', () => {
  test('tells its facts, and keeps its key without the passphrase it came under', () => {
    const read = readCredential(supplied(encrypted(valid), PASSPHRASE), NOW)
    expect(read).toMatchObject({
      kind: 'certificate',
      namedContext: null,
      facts: { notBefore: inDays(-1), notAfter: inDays(100), referenceNumber: null },
    })
    expect(read.facts.fingerprint).toMatch(/^[0-9A-F]{64}$/)
    expect(read.facts.subject).toContain('VATPL-5265877635')
    const key = read.secret.kind === 'certificate' ? read.secret.privateKeyPem.reveal() : ''
    expect(createPrivateKey(key).equals(createPrivateKey(valid.privateKeyPem))).toBe(true)
  })

  test('that ended or has not begun is told apart', async () => {
    const [over, early] = await Promise.all([certificate(-9, -1), certificate(1, 9)])
    expect(codeOf(() => readCredential(supplied(over), NOW))).toBe('CREDENTIAL_EXPIRED')
    expect(codeOf(() => readCredential(supplied(early), NOW))).toBe('CREDENTIAL_NOT_YET_VALID')
  })

  test('without its key, with another’s, or under a wrong passphrase is unreadable, and says nothing of them', () => {
    const broken: SuppliedCredential[] = [
      supplied({ ...valid, privateKeyPem: '' }),
      supplied({ ...valid, privateKeyPem: 'canary' }),
      supplied({ ...valid, certificatePem: 'canary' }),
      supplied({ ...valid, privateKeyPem: valid.certificatePem }),
      supplied({ ...valid, privateKeyPem: other.privateKeyPem }),
      supplied(encrypted(valid)),
      supplied(encrypted(valid), 'another passphrase'),
      { type: 'pkcs12', pkcs12: Buffer.from('canary'), passphrase: new Sealed(PASSPHRASE) },
    ]
    for (const one of broken) expect(codeOf(() => readCredential(one, NOW))).toBe('CREDENTIAL_UNREADABLE')
  })
})

describe('a token', () => {
  const token = (text: string) => readCredential({ type: 'token', token: new Sealed(text) }, NOW)
  const REFERENCE = '20261122-EC-0123456789-ABCDEF0123-7F'

  test.each([
    ['nip-5265877635', { type: 'Nip', value: '5265877635' }],
    ['internalId-5265877635-12345', { type: 'InternalId', value: '5265877635-12345' }],
    ['nipVatUe-5265877635-DE123', { type: 'NipVatUe', value: '5265877635-DE123' }],
  ])('of KSeF’s form tells its reference number and its context: %s', (context, named) => {
    const read = token(`  ${REFERENCE}|${context}|${'0a'.repeat(32)}\n`)
    expect(read).toMatchObject({ kind: 'token', namedContext: named, facts: { referenceNumber: REFERENCE } })
    expect(read.secret.kind === 'token' && read.secret.token.reveal()).toMatch(/^2026.*0a$/)
  })

  test('of another form passes and tells nothing', () => {
    expect(token('x'.repeat(40))).toMatchObject({ namedContext: null, facts: { referenceNumber: null } })
    expect(token(`${REFERENCE}|pesel-1|${'0a'.repeat(32)}`)).toMatchObject({ namedContext: null })
  })

  test.each(['', ' ', 'short', 'two\nlines '.repeat(5), 'zażółć gęślą jaźń i jeszcze', 'x'.repeat(2_001)])(
    'that can be none is refused: %j',
    (text) => {
      expect(codeOf(() => token(text))).toBe('CREDENTIAL_UNREADABLE')
    },
  )
})
