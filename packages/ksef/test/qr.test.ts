/** QR codes, read by a decoder that is not theirs, and their addresses as kody-qr.md has them. */
import { constants, createHash, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { decode } from 'fast-png'
import decodeQr from 'jsqr'
import { VerificationLinkService } from 'ksef-client-ts'
import { describe, expect, test } from 'vitest'
import { certificateLink, invoiceLink, KodIIKeyError, QR_BASE_URLS, Sealed } from '../src/index.ts'
import { qrPng, qrSvg } from '../src/paper/index.ts'

const base64 = (base64Url: string): string => Buffer.from(base64Url, 'base64url').toString('base64')
// The example of kody-qr.md.
const invoice = {
  sellerNip: '1111111111',
  issueDate: '2026-02-01',
  invoiceHash: base64('UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE'),
}
const KOD_I =
  'https://qr-test.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE'
const SIGNED =
  'qr-test.ksef.mf.gov.pl/certificate/Nip/1111111111/1111111111/01F20A5D352AE590/UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE'
const number = '5265877635-20260201-0100A0D6723E-C2'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })

const kodII = (privateKey: KeyObject): string =>
  certificateLink(QR_BASE_URLS.test, invoice, {
    context: { type: 'Nip', value: '1111111111' },
    certificate: { serialNumber: '01f20a5d352ae590', privateKey: new Sealed(privateKey) },
  })

/** The picture that a scanner sees of an SVG of ours: dark runs of a path on a light ground. */
function drawn(svg: string, scale: number): { data: Uint8ClampedArray; size: number } {
  const [, side = ''] = /viewBox="0 0 (\d+) /.exec(svg) ?? []
  const size = Number(side) * scale
  const data = new Uint8ClampedArray(size * size * 4).fill(255)
  for (const [, x, y, run] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row++)
      for (let column = Number(x) * scale; column < (Number(x) + Number(run)) * scale; column++)
        data.fill(0, (row * size + column) * 4, (row * size + column) * 4 + 3)
  return { data, size }
}

function scanPng(png: Uint8Array): string | undefined {
  const { width, height, data } = decode(png)
  const colours = Uint8ClampedArray.from({ length: width * height * 4 }, (_, at) =>
    at % 4 === 3 ? 255 : (data[Math.floor(at / 4)] ?? 0),
  )
  return decodeQr.default(colours, width, height)?.data
}

describe('addresses', () => {
  test('KOD I is that of the official example', () => {
    expect(invoiceLink(QR_BASE_URLS.test, invoice)).toBe(KOD_I)
    expect(invoiceLink('https://qr.ksef.mf.gov.pl/', invoice)).toBe(KOD_I.replace('qr-test', 'qr'))
  })

  test('KOD I is that of ksef-client-ts', () => {
    const theirs = new VerificationLinkService(QR_BASE_URLS.test)
    const date = new Date('2026-02-01T12:00:00')
    expect(theirs.buildInvoiceVerificationUrl('1111111111', date, invoice.invoiceHash)).toBe(KOD_I)
  })

  test('KOD II by RSA is signed as PSS with SHA-256 and a salt of 32 bytes', () => {
    const [, address = '', signature = ''] = /^https:\/\/(.*)\/([\w-]+)$/.exec(kodII(rsa.privateKey)) ?? []
    expect(address).toBe(SIGNED)
    const key = { key: rsa.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    expect(verify('sha256', Buffer.from(address), key, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test('KOD II by ECDSA has R and S of 32 bytes each', () => {
    const [, address = '', signature = ''] = /^https:\/\/(.*)\/([\w-]+)$/.exec(kodII(ecdsa.privateKey)) ?? []
    expect(address).toBe(SIGNED)
    const bytes = Buffer.from(signature, 'base64url')
    expect(bytes).toHaveLength(64)
    const key = { key: ecdsa.publicKey, dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', Buffer.from(address), key, bytes)).toBe(true)
  })

  test.each([
    ['an RSA key of 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['an EC key on P-384', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
    ['an Ed25519 key', () => generateKeyPairSync('ed25519')],
  ])('%s signs no KOD II', (_, make) => {
    expect(() => kodII(make().privateKey)).toThrow(KodIIKeyError)
  })
})

describe('pictures', () => {
  const codes = [
    { link: KOD_I, label: number },
    { link: KOD_I, label: 'OFFLINE' },
    { link: kodII(ecdsa.privateKey), label: 'CERTYFIKAT' },
    { link: kodII(rsa.privateKey), label: 'CERTYFIKAT' },
  ]
  test.each(codes)('a PNG with $label beneath is read by another decoder', ({ link, label }) => {
    expect(scanPng(qrPng({ link, label }))).toBe(link)
  })

  test.each(codes)('an SVG with $label beneath is read by another decoder', ({ link, label }) => {
    const svg = qrSvg({ link, label })
    const { data, size } = drawn(svg, 4)
    expect(decodeQr.default(data, size, size)?.data).toBe(link)
    expect(svg).toContain(`>${label}</text>`)
  })

  test('the label of a PNG is drawn beneath the code and differs with its words', () => {
    const foot = (label: string): string => {
      const { width, data } = decode(qrPng({ link: KOD_I, label }))
      const beneath = data.slice(width * width)
      expect(beneath.some((grey) => grey < 64)).toBe(true)
      return createHash('sha256').update(beneath).digest('hex')
    }
    expect(new Set([foot(number), foot('OFFLINE'), foot('CERTYFIKAT')]).size).toBe(3)
  })
})
