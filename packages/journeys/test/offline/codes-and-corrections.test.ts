/**
 * What an invoice issued offline shows and what becomes of it, through the API: both codes confirmed by the pages they lead to, a
 * technical correction, corrections that go after their originals, outages that move deadlines, and a total failure.
 */
import { createPrinter, type Printer } from '@ksef-fleet/api'
import { watchAvailability } from '@ksef-fleet/core'
import { invoiceLink } from '@ksef-fleet/ksef'
import { sampleInvoice } from '@ksef-fleet/ksef/sample-invoice'
import { openLighthouse, probeKsef } from '@ksef-fleet/worker/availability'
import { decode } from 'fast-png'
import decodeQr from 'jsqr'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { offlineCertificateOf } from '../../src/fleet/offline-certificate-of.ts'
import { type Connected, type DeliveryFleet, startDeliveryFleet, today } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive } from '../delivery/drive.ts'
import { answerWith, exception, SEND } from '../delivery/faults.ts'
import { type ApiInFront, apiInFrontOf } from '../tenancy/api-in-front.ts'

let fleet: DeliveryFleet
let api: ApiInFront
let printer: Printer
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  printer = createPrinter({ threads: 1, waitingMax: 100, deadlineMs: 25_000 })
  const qrBaseUrl = new URL(fleet.simulator.url).origin
  const change = { print: (task: Parameters<Printer['print']>[0]) => printer.print(task), qrBaseUrl }
  api = await apiInFrontOf(fleet, 'test', { change })
  worker = fleet.worker()
}, 60_000)
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
  await printer?.close()
  await fleet?.close()
})

const invoice = ({ nip }: Connected, number: string): Uint8Array =>
  sampleInvoice({ form: 'FA (3)', sellerNip: nip, buyerNip: '1111111111', number, issueDate: today() })

function correction(company: Connected, number: string, ...of: string[]): Uint8Array {
  const named = of.map(
    (one) =>
      `<DaneFaKorygowanej><DataWystFaKorygowanej>${today()}</DataWystFaKorygowanej>` +
      `<NrFaKorygowanej>${one}</NrFaKorygowanej><NrKSeFN>1</NrKSeFN></DaneFaKorygowanej>`,
  )
  const xml = Buffer.from(invoice(company, number)).toString()
  const kind = '<RodzajFaktury>VAT</RodzajFaktury>'
  return Buffer.from(xml.replace(kind, `<RodzajFaktury>KOR</RodzajFaktury>${named.join('')}`))
}

const place = ({ id }: Connected) => `/v1/companies/${id}`

async function post(company: Connected, xml: Uint8Array, query = '?offlineMode=offline24') {
  const posted = await api.postXml(`${place(company)}/invoices${query}`, xml)
  expect(posted.status, posted.text).toBe(202)
  return { ...posted, id: String(posted.body.id), at: `${place(company)}/invoices/${posted.body.id}` }
}
const read = async (at: string) => (await api.call(at)).body
const pageAt = async (address: string) => (await fetch(address)).text()

/** The picture as a scanner reads it, by a decoder that is not ours. */
function scan(png: Uint8Array): string {
  const { width, height, data } = decode(png)
  const colours = Uint8ClampedArray.from({ length: width * height * 4 }, (_, at) =>
    at % 4 === 3 ? 255 : (data[Math.floor(at / 4)] ?? 0),
  )
  return decodeQr.default(colours, width, height)?.data ?? ''
}

/** A certificate of type Offline that KSeF issued to the company, supplied through the API. */
async function supplyCertificate(company: Connected, algorithm: 'EC' | 'RSA') {
  const seal = await sealOf(company.nip, `Firma ${company.nip}`)
  const { serialNumber, ...pem } = await offlineCertificateOf(company.nip, {
    seal,
    ksefUrl: fleet.simulator.url,
    algorithm,
  })
  const credential = { type: 'certificate', ...pem }
  const url = `${place(company)}/credentials`
  const refused = await api.call(url, { name: 'signs in', credential })
  expect([refused.status, refused.body.code]).toEqual([422, 'CREDENTIAL_OFFLINE_TYPE'])
  const made = await api.call(url, { name: 'kody', purpose: 'offline-codes', credential })
  expect(made.status, made.text).toBe(201)
  expect(made.body).toMatchObject({ kind: 'offline-certificate', state: 'active', autoRenew: false })
  return { serialNumber, credentialId: String(made.body.id), url }
}

describe('KOD II through the API', () => {
  test.each(['EC', 'RSA'] as const)(
    'signed with a certificate of type Offline (%s) is confirmed by the page it leads to, as picture and on paper',
    async (algorithm) => {
      const company = await fleet.company()
      const { at } = await post(company, invoice(company, `QR/${algorithm}`))
      expect((await api.call(`${at}/qr?code=2`)).body.code).toBe('QR_CERTIFICATE_MISSING')
      const { serialNumber, url, credentialId } = await supplyCertificate(company, algorithm)

      const png = await api.call(`${at}/qr?code=2&format=png`)
      const link = scan(png.bytes)
      expect(link).toContain(`/certificate/Nip/${company.nip}/${company.nip}/${serialNumber}/`)
      expect(await pageAt(link)).toContain('Certyfikat wystawcy potwierdzony')
      const svg = (await api.call(`${at}/qr?code=2&format=svg`)).text
      expect(svg).toContain('>CERTYFIKAT</text>')

      const html = (await api.call(`${at}/html`)).text
      expect(html).toContain('>OFFLINE</text>')
      expect(html).toContain('>CERTYFIKAT</text>')
      const printed = /<figcaption>([^<]*\/certificate\/[^<]*)/.exec(html)?.[1] ?? ''
      expect(await pageAt(printed)).toContain('Certyfikat wystawcy potwierdzony')
      expect((await api.call(`${at}/pdf`)).bytes.subarray(0, 5).toString()).toBe('%PDF-')

      await worker.context.trail.flush()
      await expect
        .poll(
          async () => {
            const entries = (await api.call(`${place(company)}/audit?action=credential.sign-code`)).body
              .entries
            return Array.isArray(entries) ? entries.length : 0
          },
          { timeout: 20_000 },
        )
        .toBeGreaterThanOrEqual(4)

      // It signs codes and nothing else.
      for (const action of ['prove', 'rotate']) {
        const body = action === 'rotate' ? { enrol: true } : undefined
        const tried = await api.call(`${url}/${credentialId}/${action}`, body, 'POST')
        expect(tried.body.code, action).toBe('CREDENTIAL_OFFLINE_TYPE')
      }
      await drive(fleet, [worker], { companies: [company.id] })
      expect(await read(at)).toMatchObject({ state: 'receipted', offlineMode: 'offline24' })
      const after = (await api.call(`${at}/html`)).text
      expect(after).not.toContain('>CERTYFIKAT</text>')
    },
  )

  test('is for invoices issued offline; one of a total failure bears none, is kept and not sent', async () => {
    const company = await fleet.company()
    const online = await post(company, invoice(company, 'ON/1'), '')
    expect((await api.call(`${online.at}/qr?code=2`)).body.code).toBe('QR_CODE_ONLINE')
    const failed = await post(company, invoice(company, 'TF/1'), '?offlineMode=totalFailure')
    expect(failed.body).toMatchObject({ state: 'held', deadline: null, outcome: { code: 'TOTAL_FAILURE' } })
    for (const code of ['1', '2'])
      expect((await api.call(`${failed.at}/qr?code=${code}`)).body.code).toBe('QR_CODE_TOTAL_FAILURE')
    expect((await api.call(`${failed.at}/html`)).text).not.toContain('<svg')
    await drive(fleet, [worker], { companies: [company.id] })
    expect(await read(online.at)).toMatchObject({ state: 'receipted' })
    expect(await read(failed.at)).toMatchObject({ state: 'held', attempts: 0 })
  })
})

describe('a rejected offline invoice', () => {
  const reject = () =>
    fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 450, times: 1 })

  test('is corrected technically, and its own corrections go after that', async () => {
    const company = await fleet.company()
    const xml = Buffer.from(invoice(company, 'KT/1'))
    await reject()
    const original = await post(company, xml)
    const follower = await post(company, correction(company, 'KOR/1', 'KT/1'))
    expect(follower.body).toMatchObject({
      outcome: { code: 'ORIGINAL_AWAITED' },
      waitsFor: [original.id],
    })
    await drive(fleet, [worker], { companies: [company.id] })
    expect(await read(original.at)).toMatchObject({
      state: 'rejected',
      links: { technicalCorrection: `${original.at}/technical-correction` },
    })
    expect(await read(follower.at)).toMatchObject({ state: 'held', outcome: { code: 'ORIGINAL_REJECTED' } })

    const correct = (file: Uint8Array) => api.postXml(`${original.at}/technical-correction`, file)
    const other = await correct(Buffer.from(xml.toString().replace('montaż', 'demontaż')))
    expect([other.status, other.body.code]).toEqual([422, 'TECHNICAL_CORRECTION_DIFFERENT'])
    expect(JSON.stringify(other.body.faults)).toContain('P_7')
    const repaired = Buffer.from(
      xml.toString().replace('<Naglowek>', '<!-- nowa wersja programu --><Naglowek>'),
    )
    const corrected = await correct(repaired)
    expect(corrected.status, corrected.text).toBe(202)
    expect(corrected.body).toMatchObject({
      offlineMode: 'offline24',
      correctsTechnically: original.id,
      deadline: (await read(original.at)).deadline,
    })
    expect((await correct(repaired)).body.code).toBe('TECHNICAL_CORRECTION_EXISTS')

    await drive(fleet, [worker], { companies: [company.id] })
    const at = `${place(company)}/invoices/${corrected.body.id}`
    expect(await read(at)).toMatchObject({ state: 'receipted' })
    expect(await read(follower.at)).toMatchObject({ state: 'receipted', waitsFor: [] })
    // The code that the buyer holds leads to it.
    const sellerNip = company.nip
    const held = { sellerNip, issueDate: today(), invoiceHash: String(original.body.invoiceHash) }
    const page = await pageAt(invoiceLink(new URL(fleet.simulator.url).origin, held))
    expect(page).toContain(String((await read(at)).ksefNumber))
    const { accepted } = fleet.simulator.ledger.snapshot()
    const ofCompany = accepted.filter(({ sellerNip }) => sellerNip === company.nip)
    expect(ofCompany.map(({ invoiceNumber }) => invoiceNumber)).toEqual(['KT/1', 'KOR/1'])
  })

  test('that was issued online is not corrected technically', async () => {
    const company = await fleet.company()
    await reject()
    const { at } = await post(company, invoice(company, 'KT/2'), '')
    await drive(fleet, [worker], { companies: [company.id] })
    const tried = await api.postXml(`${at}/technical-correction`, invoice(company, 'KT/2'))
    expect([tried.status, tried.body.code]).toEqual([409, 'TECHNICAL_CORRECTION_POINTLESS'])
  })

  test('of which KSeF has a correction already says so plainly', async () => {
    const company = await fleet.company()
    const xml = Buffer.from(invoice(company, 'KT/3'))
    await reject()
    const { at } = await post(company, xml)
    await drive(fleet, [worker], { companies: [company.id] })
    await answerWith(fleet, SEND, { httpStatus: 400, body: exception(21166), times: 1 })
    const repaired = Buffer.from(xml.toString().replace('<Naglowek>', '<!-- 2 --><Naglowek>'))
    const corrected = await api.postXml(`${at}/technical-correction`, repaired)
    await drive(fleet, [worker], { companies: [company.id] })
    expect(await read(`${place(company)}/invoices/${corrected.body.id}`)).toMatchObject({
      state: 'held',
      outcome: { code: 'TECHNICAL_CORRECTION_DONE', ksef: { code: 21166 } },
    })
  })
})

test('a correction of several invoices reaches KSeF after the last of them', async () => {
  const company = await fleet.company()
  const [first, second] = [
    await post(company, invoice(company, 'ZB/1')),
    await post(company, invoice(company, 'ZB/2'), ''),
  ]
  const { at, body } = await post(company, correction(company, 'KOR/ZB', 'ZB/1', 'ZB/2'))
  expect(body.waitsFor).toHaveLength(2)
  expect(body.waitsFor).toEqual(expect.arrayContaining([first.id, second.id]))
  await drive(fleet, [worker], { companies: [company.id] })
  expect(await read(at)).toMatchObject({ state: 'receipted', waitsFor: [] })
  const { accepted } = fleet.simulator.ledger.snapshot()
  const ofCompany = accepted.filter(({ sellerNip }) => sellerNip === company.nip)
  expect(ofCompany.map(({ invoiceNumber }) => invoiceNumber).at(-1)).toBe('KOR/ZB')
  expect(ofCompany).toHaveLength(3)
})

test('an outage that an administrator tells of moves deadlines, and back when it is withdrawn', async () => {
  const company = await fleet.company()
  const { id, at, body } = await post(company, invoice(company, 'AW/1'))
  await fleet.admin.query(`update submissions set next_attempt_at = now() + interval '1 day' where id = $1`, [
    id,
  ])
  const startAt = new Date(Date.now() + 1_000).toISOString()
  const told = await api.call('/v1/ksef/outages', { kind: 'failure', startAt, note: 'Komunikat w BIP MF' })
  expect(told.status, told.text).toBe(201)
  const settled = async () => {
    await worker.run('watch-deadlines', { companyId: company.id })
    return (await read(at)).deadline
  }
  expect(await settled()).toBeNull()
  expect((await api.call('/v1/ksef')).body).toMatchObject({ state: 'online', outages: [{ endAt: null }] })
  const endAt = new Date(Date.now() + 2_000).toISOString()
  await api.call(`/v1/ksef/outages/${told.body.id}/end`, { endAt })
  const moved = await settled()
  expect(String(moved) > String(body.deadline)).toBe(true)
  await fleet.admin.query('update ksef_outages set withdrawn_at = now() where id = $1', [told.body.id])
  await fleet.admin.query('update ksef_availability set outages_changed_at = clock_timestamp()')
  expect(await settled()).toBe(body.deadline)
  expect((await api.call(`${place(company)}/status`)).body).toMatchObject({
    offline: { waiting: 1, late: 0, automatic: true, nextDeadline: body.deadline },
  })
})

test('what the lighthouse announces moves deadlines, and so does its end', async () => {
  const company = await fleet.company()
  const { id, at, body } = await post(company, invoice(company, 'LA/1'))
  await fleet.admin.query(`update submissions set next_attempt_at = now() + interval '1 day' where id = $1`, [
    id,
  ])
  const { db, environment, log, now } = worker.context
  const lighthouse = openLighthouse(new URL(fleet.simulator.url).origin)
  const look = async () => {
    await fleet.admin.query(`update ksef_availability set next_look_at = 'epoch' where environment = 'test'`)
    await watchAvailability({
      ...{ db, environment, log, now, lighthouse },
      takeCalls: () => ({ calls: 0, unreached: 0, answeredAt: null }),
      probe: () => probeKsef(worker.context.ksef),
      timing: { lookSeconds: 15, probeSeconds: 0 },
    })
    await worker.run('watch-deadlines', { companyId: company.id })
    return (await read(at)).deadline
  }
  const moment = new Date().toISOString()
  const message = {
    eventId: 1002,
    category: 'FAILURE',
    text: 'Awaria',
    version: 1,
    start: moment,
    published: moment,
  }
  const start = { ...message, id: 'AWR/01', type: 'FAILURE_START', title: 'Awaria KSeF' }
  await fleet.control('POST', '/lighthouse', { status: 'FAILURE', messages: [start] })
  expect(await look()).toBeNull()
  // Its word alone never makes invoices offline ones.
  expect((await api.call('/v1/ksef')).body).toMatchObject({ state: 'online', lighthouse: 'FAILURE' })
  const published = new Date().toISOString()
  const end = {
    ...message,
    id: 'AWR/02',
    type: 'FAILURE_END',
    title: 'Koniec awarii',
    end: published,
    published,
  }
  await fleet.control('POST', '/lighthouse', { status: 'AVAILABLE', messages: [end] })
  expect(String(await look()) > String(body.deadline)).toBe(true)
  const told = expect.objectContaining({ source: 'lighthouse', kind: 'failure' })
  expect((await api.call('/v1/ksef')).body.outages).toEqual(expect.arrayContaining([told]))
  await lighthouse?.close()
})
