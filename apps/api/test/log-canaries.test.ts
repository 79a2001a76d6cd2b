import { createSelfSignedCertificate } from '@ksef-fleet/ksef'
import { expect, test } from 'vitest'
import { invoiceOf, startApi } from './running-api.ts'

/** The ways a planted value could be spelled on its way out. */
const spellings = (value: string): string[] => [
  value,
  Buffer.from(value).toString('base64').replace(/=+$/, ''),
  Buffer.from(value).toString('base64url'),
  Buffer.from(value).toString('hex'),
  encodeURIComponent(value),
  JSON.stringify(value).slice(1, -1),
  value.slice(0, 16),
]

test('no line of the log and no error holds a key, a certificate, a token, a passphrase or an invoice', async () => {
  await using api = await startApi()
  const { certificatePem, privateKeyPem } = await createSelfSignedCertificate({
    nip: '1212121212',
    name: 'Canary',
    algorithm: 'ecdsa-p256',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
  })
  const cutShort = privateKeyPem.split('\n').toSpliced(2, 1).join('\n')
  const canaries = {
    'the provider’s key': api.providerKey.slice(4),
    'a wrong key': 'WrongCanaryKeyWrongCanaryKey',
    'a token': '20261122-EC-CANARYCANA-CANARYCANA-CC|nip-1|canarytokencanary',
    'a private key': privateKeyPem.split('\n')[1]!,
    'a certificate': certificatePem.split('\n')[1]!,
    'a passphrase': 'canary passphrase!',
    'an invoice’s number': 'CANARY-NUMBER-2026',
    'an invoice’s buyer': '6767676767',
    'a cookie': 'canary-cookie-value-1',
  }
  const { call } = api
  const { id } = (await call({ url: '/v1/companies', json: { nip: '1212121212', name: 'x' } })).json()
  const url = `/v1/companies/${id}`
  const headers = { cookie: canaries['a cookie'] }
  const xml = invoiceOf('1212121212', {
    number: canaries['an invoice’s number'],
    buyerNip: canaries['an invoice’s buyer'],
  })
  const broken = Buffer.from(Buffer.from(xml).toString().replace('</Fa>', '</Fb>'))
  const passphrase = canaries['a passphrase']
  const answers = [
    await call({
      url: `${url}/integrations`,
      json: { credential: { type: 'token', token: canaries['a token'], extra: 1 } },
      headers,
    }),
    await call({
      url: `${url}/integrations`,
      json: {
        credential: { type: 'certificate', certificatePem, privateKeyPem: cutShort, passphrase },
      },
    }),
    await call({
      url: `${url}/integrations`,
      json: { credential: { type: 'pkcs12', pkcs12: 'QUJD', passphrase } },
    }),
    await call({
      url: `${url}/integrations`,
      json: { credential: { type: 'certificate', certificatePem, privateKeyPem } },
    }),
    await call({ url: `${url}/invoices?key=${canaries['a wrong key']}`, key: canaries['a wrong key'] }),
    await call({ url: `${url}/invoices`, xml: broken }),
    await call({ url: `${url}/invoices`, xml, headers }),
    await call({
      url: `${url}/invoices`,
      json: { token: canaries['a token'], number: canaries['an invoice’s number'] },
    }),
    await call({
      url: `/v1/${canaries['a wrong key']}`,
      headers: { authorization: `Bearer ${canaries['a wrong key']}` },
    }),
  ]
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([400, 422, 422, 202, 401, 422, 202, 422, 404])
  // A failure nobody expected, with everything in it.
  await using failing = await startApi({
    inspect: async () => {
      throw Object.assign(new Error(`refused: Bearer ${api.providerKey} ${privateKeyPem}`), {
        body: xml,
        headers,
        token: canaries,
      })
    },
  })
  await failing.call({ url: `/v1/companies/${failing.a.id}/invoices`, xml: invoiceOf(failing.a.nip) })

  const logged = [...api.lines, ...failing.lines].join('')
  expect(logged.split('\n').length).toBeGreaterThan(15)
  expect(logged).toContain('"event":"request.failed"')
  const problems = answers
    .filter(({ statusCode }) => statusCode >= 400)
    .map(({ body }) => body)
    .join('')
  for (const [name, value] of Object.entries(canaries)) {
    for (const spelling of spellings(value)) {
      expect(logged.includes(spelling), `${name} in the log`).toBe(false)
      expect(problems.includes(spelling), `${name} in an answer`).toBe(false)
    }
  }
  expect(
    `${logged} ${api.providerKey}`.includes(spellings(canaries['the provider’s key'])[0]!),
    'the search finds what is there',
  ).toBe(true)
})
