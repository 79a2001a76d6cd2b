import { constants, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Holder } from './wire/certificate.ts'
import { certify, type KeyKind } from './wire/certification-request.ts'
import { aCompany, COMPANY_NIP, type Company } from './wire/company.ts'
import { invoiceXml } from './wire/invoice.ts'

const HASH = 'UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE'
const originOf = ({ simulator }: Company) => simulator.url.replace(/\/v2$/, '')
const toUrl = (base64: string) => Buffer.from(base64, 'base64').toString('base64url')

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const SIGNERS = {
  'ECDSA as R‖S': (text: Buffer, key: Holder['privateKey']) =>
    sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' }),
  'ECDSA in DER': (text: Buffer, key: Holder['privateKey']) =>
    sign('sha256', text, { key, dsaEncoding: 'der' }),
  'RSA-PSS': (text: Buffer, key: Holder['privateKey']) => sign('sha256', text, { key, ...pss }),
  'RSA PKCS#1 v1.5': (text: Buffer, key: Holder['privateKey']) => sign('sha256', text, key),
}

type Link = { serialNumber: string; holder: Holder; how: keyof typeof SIGNERS; host?: string; nip?: string }

/** The address of KOD II, signed as a program that prints invoices would. */
function linkOf(company: Company, { serialNumber, holder, how, host, nip = COMPANY_NIP }: Link): string {
  const path = `/certificate/Nip/${COMPANY_NIP}/${nip}/${serialNumber}/${HASH}`
  const signedHost = host ?? originOf(company).replace('http://', '')
  const signature = SIGNERS[how](Buffer.from(`${signedHost}${path}`), holder.privateKey)
  return `${originOf(company)}${path}/${signature.toString('base64url')}`
}

const CONFIRMED = '<h1>Certyfikat wystawcy potwierdzony</h1>'
const verdictOf = async ({ caller }: Company, link: string) => (await caller.ask('GET', link)).text

test('KOD I finds a registered invoice by seller, day and hash, and shows what is on it', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const xml = invoiceXml()
  const settled = await caller.deliver(access, await caller.openSession(access), xml)
  const hash = toUrl(settled.invoiceHash)
  const found = await caller.ask('GET', `${originOf(company)}/invoice/${COMPANY_NIP}/20-11-2026/${hash}`)
  expect([found.status, found.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(found.text).toContain(settled.ksefNumber)
  expect(found.text).toContain('Młyn Żółty')
  for (const path of [
    `${COMPANY_NIP}/21-11-2026/${hash}`,
    `1111111111/20-11-2026/${hash}`,
    `${COMPANY_NIP}/20-11-2026/${HASH}`,
  ])
    expect((await caller.ask('GET', `${originOf(company)}/invoice/${path}`)).status).toBe(404)
})

test('KOD I of a rejected offline invoice leads to the one that corrected it technically', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const session = await caller.openSession(access)
  const good = invoiceXml()
  const broken = good.replace('<Faktura', '<?zbędne?><Faktura')
  const hashOfCorrectedInvoice = caller.sealed(broken, session.aes).invoiceHash
  expect((await caller.deliver(access, session, broken)).status.code).toBe(430)
  const pathOf = (nip: string) =>
    `${originOf(company)}/invoice/${nip}/20-11-2026/${toUrl(hashOfCorrectedInvoice)}`
  expect((await caller.ask('GET', pathOf(COMPANY_NIP))).status).toBe(404)
  const sealed = caller.sealed(good, session.aes)
  const { body } = await caller.post(access, session, {
    ...sealed,
    offlineMode: true,
    hashOfCorrectedInvoice,
  })
  const { ksefNumber } = await caller.settled(access, session, body.referenceNumber)
  const { status, text } = await caller.ask('GET', pathOf(COMPANY_NIP))
  expect([status, text.includes(ksefNumber)]).toEqual([200, true])
  expect(text).toContain('<h1>Faktura została poprawiona technicznie</h1>')
  expect((await caller.ask('GET', pathOf('1111111111'))).status).toBe(404)
})

test('what stands on an invoice cannot become part of the page', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const xml = invoiceXml({ number: '&lt;script&gt;1&lt;/script&gt;' })
  const settled = await caller.deliver(access, await caller.openSession(access), xml)
  const path = `/invoice/${COMPANY_NIP}/20-11-2026/${toUrl(settled.invoiceHash)}`
  const { text } = await caller.ask('GET', `${originOf(company)}${path}`)
  expect(text).toContain('&lt;script&gt;')
  expect(text).not.toContain('<script>')
})

test.each<[keyof typeof SIGNERS, KeyKind, boolean]>([
  ['ECDSA as R‖S', 'EC P-256', true],
  ['ECDSA in DER', 'EC P-256', true],
  ['RSA-PSS', 'RSA 2048', true],
  ['RSA PKCS#1 v1.5', 'RSA 2048', false],
])('KOD II signed by %s (%s): confirmed %s', async (how, kind, confirmed) => {
  await using company = await aCompany()
  const certified = await certify(company.caller, company.access, { type: 'Offline', kind })
  const text = await verdictOf(company, linkOf(company, { ...certified, how }))
  expect([text.includes(CONFIRMED), text.includes('jeszcze nie przesłana')]).toEqual([confirmed, true])
})

test('KOD II printed for the Ministry’s host is confirmed here by its path, for another host it is not', async () => {
  await using company = await aCompany()
  const certified = await certify(company.caller, company.access, { type: 'Offline' })
  const how = 'ECDSA as R‖S' as const
  const hosts = ['qr-test.ksef.mf.gov.pl', 'qr.example.com']
  const texts = hosts.map((host) => verdictOf(company, linkOf(company, { ...certified, how, host })))
  expect((await Promise.all(texts)).map((text) => text.includes(CONFIRMED))).toEqual([true, false])
})

test('KOD II is not confirmed for an Authentication certificate, a revoked one, a stranger or another seller', async () => {
  await using company = await aCompany()
  const { caller, access } = company
  const how = 'ECDSA as R‖S' as const
  const offline = await certify(caller, access, { type: 'Offline' })
  const authentication = await certify(caller, access, { type: 'Authentication' })
  const link = linkOf(company, { ...offline, how })
  const unconfirmed = async (address: string) =>
    expect(await verdictOf(company, address)).not.toContain(CONFIRMED)
  await unconfirmed(linkOf(company, { ...authentication, how }))
  await unconfirmed(linkOf(company, { ...offline, how, nip: '1111111111' }))
  await unconfirmed(linkOf(company, { ...offline, serialNumber: '0123456789ABCDEF', how }))
  await unconfirmed(link.replace(HASH, `V${HASH.slice(1)}`))
  expect(await verdictOf(company, link)).toContain(CONFIRMED)
  const path = `/certificates/${offline.serialNumber}/revoke`
  expect((await caller.ask('POST', path, { token: access, body: {} })).status).toBe(204)
  await unconfirmed(link)
})

test('an address that no program would print is refused', async () => {
  await using company = await aCompany()
  for (const path of ['/invoice/123/20-11-2026/x', `/certificate/Pesel/1/${COMPANY_NIP}/01/x/y`])
    expect((await company.caller.ask('GET', `${originOf(company)}${path}`)).status).toBe(400)
})

test('the lighthouse says what it is told, and lists what it published', async () => {
  await using company = await aCompany()
  const { caller, control } = company
  const status = async () => (await caller.ask('GET', `${originOf(company)}/status`)).body
  expect(await status()).toEqual({ status: 'AVAILABLE' })
  const message = {
    id: 'a1',
    eventId: 1,
    category: 'FAILURE',
    type: 'FAILURE_START',
    title: 'Awaria',
    text: 'Trwa awaria KSeF.',
    start: '2026-11-22T10:00:00Z',
    version: 1,
    published: '2026-11-22T10:05:00Z',
  }
  const shown = { status: 'FAILURE', messages: [message] }
  expect((await caller.ask('POST', `${control}/lighthouse`, { body: shown })).status).toBe(204)
  expect(await status()).toEqual(shown)
  company.simulator.control.lighthouse.show('AVAILABLE')
  expect(await status()).toEqual({ status: 'AVAILABLE' })
  expect((await caller.ask('GET', `${originOf(company)}/messages`)).body).toEqual([message])
})
