import 'reflect-metadata'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Extension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } from '@peculiar/x509'
import forge from 'node-forge'
import { describe, expect, test } from 'vitest'
import {
  CertificateError,
  certificateFacts,
  createSelfSignedCertificate,
  loadCertificate,
  type SelfSignedRequest,
} from '../src/index.ts'

const now = new Date('2027-01-15T12:00:00Z')
const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2028-01-01T00:00:00Z') }
const seal = { nip: '5265877635', name: 'Huta "Szkło", Wnuk & Syn', ...validity }
const fixture = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}.p12`, import.meta.url))
const passphrase = 'zażółć gęślą'

/** The stable code of what a call throws. */
const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof CertificateError) return error.code
    throw error
  }
  return 'nothing thrown'
}

describe('self-signed certificates', () => {
  test.each(['rsa', 'ecdsa-p256'] as const)(
    'a seal with an %s key carries the NIP where KSeF looks for it',
    async (algorithm) => {
      const made = await createSelfSignedCertificate({ ...seal, algorithm })
      const loaded = loadCertificate(made, now)
      expect(loaded).toMatchObject({ algorithm, subjectNip: '5265877635', ...validity })
      expect(loaded.subject.split('\n')).toContain('organizationIdentifier=VATPL-5265877635')
      const certificate = new X509Certificate(made.certificatePem)
      expect(certificate.verify(certificate.publicKey)).toBe(true)
      expect(certificate.toLegacyObject().subject).toMatchObject({ O: seal.name, C: 'PL' })
    },
  )

  test('a person is recognised by PESEL, given name and surname', async () => {
    const request: SelfSignedRequest = {
      pesel: '88102341294',
      name: 'Anna Maria Klonowska',
      algorithm: 'ecdsa-p256',
      ...validity,
    }
    const loaded = loadCertificate(await createSelfSignedCertificate(request), now)
    expect(loaded.subject.split('\n')).toEqual([
      'C=PL',
      'GN=Anna',
      'SN=Maria Klonowska',
      'serialNumber=PNOPL-88102341294',
      'CN=Anna Maria Klonowska',
    ])
  })
})

describe('what a certificate is for', () => {
  const { nonRepudiation, digitalSignature } = KeyUsageFlags
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  /** A certificate with these usages, with or without the statements of a qualified one. */
  async function withUsage(usage: KeyUsageFlags | null, qualified: boolean): Promise<Uint8Array> {
    const made = await X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=Anna Klonowska, 2.5.4.5=PNOPL-88102341294',
      ...validity,
      signingAlgorithm: algorithm,
      keys: await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']),
      extensions: [
        ...(usage === null ? [] : [new KeyUsagesExtension(usage, true)]),
        ...(qualified ? [new Extension('1.3.6.1.5.5.7.1.3', false, new Uint8Array([0x30, 0x00]))] : []),
      ],
    })
    return new Uint8Array(made.rawData)
  }

  test.each([
    { says: 'digital signature', usage: digitalSignature, qualified: false, kind: 'sign-in' },
    { says: 'both', usage: digitalSignature | nonRepudiation, qualified: false, kind: 'sign-in' },
    { says: 'nothing in particular', usage: null, qualified: false, kind: 'sign-in' },
    { says: 'non-repudiation, and qualified', usage: nonRepudiation, qualified: true, kind: 'sign-in' },
    { says: 'non-repudiation, and not qualified', usage: nonRepudiation, qualified: false, kind: 'offline' },
  ])('for $says: $kind', async ({ usage, qualified, kind }) => {
    const facts = certificateFacts(await withUsage(usage, qualified))
    expect(facts).toEqual({ certificateKind: kind, subjectNip: null })
  })

  test('bytes that are no certificate are unreadable', () => {
    expect(codeOf(() => certificateFacts(Buffer.from('hello')))).toBe('CERTIFICATE_UNREADABLE')
  })
})

describe('PKCS#12', () => {
  test.each([
    ['ec-aes', 'ecdsa-p256', 'organizationIdentifier=VATPL-5265877635'],
    ['ec-legacy', 'ecdsa-p256', 'organizationIdentifier=VATPL-5265877635'],
    ['rsa-aes', 'rsa', 'serialNumber=PNOPL-88102341294'],
    ['rsa-legacy', 'rsa', 'serialNumber=PNOPL-88102341294'],
  ])(
    '%s.p12 opens with a passphrase of Polish letters and gives the key’s own certificate',
    (name, algorithm, line) => {
      const loaded = loadCertificate({ pkcs12: fixture(name), passphrase }, now)
      expect(loaded.algorithm).toBe(algorithm)
      expect(loaded.subject.split('\n')).toContain(line)
      expect(new X509Certificate(loaded.certificateDer).checkPrivateKey(loaded.privateKey.reveal())).toBe(
        true,
      )
    },
  )

  test.each(['ec-aes', 'ec-legacy', 'rsa-aes', 'rsa-legacy'])(
    '%s.p12 says that the passphrase is wrong',
    (name) => {
      for (const wrong of ['', 'wrong', 'zażółć gęśla']) {
        expect(codeOf(() => loadCertificate({ pkcs12: fixture(name), passphrase: wrong }, now))).toBe(
          'PASSPHRASE_WRONG',
        )
      }
    },
  )

  test('a container without a private key is incomplete', () => {
    expect(codeOf(() => loadCertificate({ pkcs12: fixture('no-key'), passphrase: 'x' }, now))).toBe(
      'PKCS12_INCOMPLETE',
    )
  })

  test.each([
    new Uint8Array(),
    Buffer.from('hello'),
    Buffer.alloc(300_000),
    fixture('ec-aes').subarray(0, 500),
  ])('other bytes (%#) are no container', (pkcs12) => {
    expect(codeOf(() => loadCertificate({ pkcs12, passphrase }, now))).toBe('PKCS12_UNREADABLE')
  })

  test('a container that asks for endless iterations is refused before they start', () => {
    const container = forge.asn1.fromDer(Buffer.from(fixture('rsa-legacy')).toString('latin1'))
    const parts = container.value
    const mac = Array.isArray(parts) ? parts[2]?.value : []
    if (!Array.isArray(mac) || mac[2] === undefined) throw new Error('the fixture has a MAC with iterations')
    mac[2].value = String.fromCharCode(0x7f, 0xff, 0xff, 0xff)
    const pkcs12 = Buffer.from(forge.asn1.toDer(container).getBytes(), 'latin1')
    expect(codeOf(() => loadCertificate({ pkcs12, passphrase }, now))).toBe('PKCS12_UNREADABLE')
  })
})

describe('what is refused, and how it is called', () => {
  const encrypted = (key: { export: ReturnType<typeof generateKeyPairSync>['privateKey']['export'] }) =>
    String(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' }))

  test('a key of another certificate', async () => {
    const [one, two] = [
      await createSelfSignedCertificate({ ...seal, algorithm: 'rsa' }),
      await createSelfSignedCertificate({ ...seal, algorithm: 'rsa' }),
    ]
    expect(codeOf(() => loadCertificate({ ...one, privateKeyPem: two.privateKeyPem }, now))).toBe(
      'KEY_MISMATCH',
    )
  })

  test('a certificate before and after its time', async () => {
    const made = await createSelfSignedCertificate({ ...seal, algorithm: 'ecdsa-p256' })
    expect(codeOf(() => loadCertificate(made, new Date('2025-12-31T23:59:59Z')))).toBe(
      'CERTIFICATE_NOT_YET_VALID',
    )
    expect(codeOf(() => loadCertificate(made, new Date('2028-01-01T00:00:01Z')))).toBe('CERTIFICATE_EXPIRED')
  })

  test('short RSA keys and other curves', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey
    const edwards = generateKeyPairSync('ed25519').privateKey
    const pem = (key: typeof short) => String(key.export({ type: 'pkcs8', format: 'pem' }))
    const own = new X509Certificate(readFileSync(new URL('fixtures/rsa-1024.pem', import.meta.url)))
    const sources = [
      [pem(short), 'RSA_KEY_TOO_SHORT'],
      [pem(curve), 'KEY_UNSUPPORTED'],
      [pem(edwards), 'KEY_UNSUPPORTED'],
    ] as const
    for (const [privateKeyPem, code] of sources) {
      expect(codeOf(() => loadCertificate({ certificatePem: own.toString(), privateKeyPem }, now))).toBe(code)
    }
  })

  test('an encrypted key with a wrong passphrase, with none, and with the right one', async () => {
    const made = await createSelfSignedCertificate({ ...seal, algorithm: 'ecdsa-p256' })
    const key = loadCertificate(made, now).privateKey.reveal()
    const source = { certificatePem: made.certificatePem, privateKeyPem: encrypted(key) }
    expect(codeOf(() => loadCertificate({ ...source, passphrase: 'wrong' }, now))).toBe('PASSPHRASE_WRONG')
    expect(codeOf(() => loadCertificate(source, now))).toBe('PASSPHRASE_WRONG')
    expect(loadCertificate({ ...source, passphrase: 'right' }, now).algorithm).toBe('ecdsa-p256')
  })

  test('text that is neither certificate nor key', async () => {
    const made = await createSelfSignedCertificate({ ...seal, algorithm: 'ecdsa-p256' })
    expect(codeOf(() => loadCertificate({ ...made, privateKeyPem: 'x' }, now))).toBe('PRIVATE_KEY_UNREADABLE')
    expect(codeOf(() => loadCertificate({ ...made, certificatePem: 'x' }, now))).toBe(
      'CERTIFICATE_UNREADABLE',
    )
  })

  test('no error shows the key or the passphrase', async () => {
    const made = await createSelfSignedCertificate({ ...seal, algorithm: 'ecdsa-p256' })
    const source = {
      certificatePem: made.certificatePem,
      privateKeyPem: 'planted-key',
      passphrase: 'planted-passphrase',
    }
    try {
      loadCertificate(source, now)
      expect.unreachable()
    } catch (error) {
      const shown = `${error} ${error instanceof Error ? error.stack : ''} ${JSON.stringify(error)}`
      expect(shown).not.toContain('planted')
    }
  })
})
