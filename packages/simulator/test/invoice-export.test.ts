import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { aCompany, alsoSignsIn, COMPANY_NIP } from './wire/company.ts'
import { exported, exportStatus, fetchPackage, startExport } from './wire/exported.ts'
import { invoiceXml } from './wire/invoice.ts'
import { sealParts, sendBatch, zipOf } from './wire/package.ts'

const BUYER = '7980332920'
const HOUR_MS = 3600_000

/** A clock that stands still until told, so that marks and dates are what the test says. */
function aClock() {
  let at = new Date('2026-11-22T10:00:00Z')
  const pass = (ms: number) => {
    at = new Date(at.getTime() + ms)
  }
  return { now: () => at, pass }
}

async function aStockedCompany(count: number, options: Json = {}) {
  const clock = aClock()
  const company = await aCompany({ now: clock.now, processingDelayMs: 0, ...options })
  const who = { caller: company.caller, token: company.access }
  const xmls = Array.from({ length: count }, () => invoiceXml({ buyerNip: BUYER }))
  const entries = xmls.map((content, index) => ({ name: `${index}.xml`, content }))
  const session = await sendBatch(who, sealParts(await zipOf(entries), await who.caller.newKey()))
  clock.pass(HOUR_MS / 10)
  return { company, who, clock, xmls, session, [Symbol.asyncDispose]: () => company.simulator.close() }
}

const since = '2026-11-22T00:00:00+01:00'
const filters = (extra: Json = {}, dateRange: Json = {}) => ({
  subjectType: 'Subject1',
  dateRange: {
    dateType: 'PermanentStorage',
    from: since,
    restrictToPermanentStorageHwmDate: true,
    ...dateRange,
  },
  ...extra,
})
const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode

let stocked: Awaited<ReturnType<typeof aStockedCompany>>
beforeAll(async () => {
  stocked = await aStockedCompany(7, { retrieval: { exportPartBytes: 1000 } })
})
afterAll(() => stocked.company.simulator.close())

test.each([undefined, 'Zip', 'TarGz'])(
  'a package in %s holds every invoice under its KSeF number, and their metadata',
  async (compressionType) => {
    const { who, xmls, session } = stocked
    const wanted = { filters: filters(), ...(compressionType === undefined ? {} : { compressionType }) }
    const { status, aes } = await exported(who, wanted)
    expect(status).toMatchObject({
      status: { code: 200 },
      compressionType: compressionType ?? 'Zip',
      package: { invoiceCount: 7, isTruncated: false },
    })
    const { files, partSizes } = await fetchPackage(status, aes)
    expect(partSizes.length).toBeGreaterThan(1)
    expect(partSizes.slice(0, -1).every((size) => size === 1000)).toBe(true)
    const metadata = JSON.parse(files.get('_metadata.json')?.toString() ?? 'null')
    const { body } = await who.caller.ask('GET', `/sessions/${session.referenceNumber}/invoices`, {
      token: who.token,
    })
    const numbers = body.invoices.map((one: Json) => one.ksefNumber).sort()
    expect(metadata.invoices.map((one: Json) => one.ksefNumber).sort()).toEqual(numbers)
    const documents = [...files].filter(([name]) => name !== '_metadata.json')
    expect(documents.map(([name]) => name).sort()).toEqual(numbers.map((number: string) => `${number}.xml`))
    expect(new Set(documents.map(([, xml]) => xml.toString()))).toEqual(new Set(xmls))
    const page = await who.caller.ask('POST', '/invoices/query/metadata', {
      token: who.token,
      body: filters(),
    })
    expect(metadata.invoices).toEqual(page.body.invoices)
  },
)

test('only metadata are packed when only metadata are wanted', async () => {
  const { status, aes } = await exported(stocked.who, { filters: filters(), onlyMetadata: true })
  expect(status.package.invoiceCount).toBe(7)
  expect([...(await fetchPackage(status, aes)).files.keys()]).toEqual(['_metadata.json'])
})

test('nothing found is a package of nothing, up to the mark', async () => {
  const { status } = await exported(stocked.who, { filters: filters({ sellerNip: BUYER }) })
  expect(status.package).toMatchObject({ invoiceCount: 0, size: 0, parts: [], isTruncated: false })
  expect(status.package.permanentStorageHwmDate).toBe('2026-11-22T10:05:59.900Z')
})

test('links to parts need no token, take none, expire, and are made anew by asking for the status', async () => {
  await using own = await aStockedCompany(1)
  const { referenceNumber, status, aes } = await exported(own.who, { filters: filters() })
  const [part] = status.package.parts
  const fetched = async (url: string, headers = {}) => (await fetch(url, { headers })).status
  expect(await fetched(part.url, { authorization: `Bearer ${own.who.token}` })).toBe(400)
  expect(await fetched(part.url.split('?')[0])).toBe(401)
  expect(await fetched(part.url.replace('-001.', '-002.'))).toBe(403)
  own.clock.pass(HOUR_MS)
  expect(await fetched(part.url)).toBe(403)
  const token = await alsoSignsIn(own.company, COMPANY_NIP)
  const again = await exportStatus({ ...own.who, token }, referenceNumber)
  expect((await fetchPackage(again.body, aes)).files.size).toBe(2)
})

test('a package expires (210), and after seven days its export is gone (410)', async () => {
  await using own = await aStockedCompany(1)
  const { referenceNumber } = await exported(own.who, { filters: filters() })
  own.clock.pass(72 * HOUR_MS)
  const later = { ...own.who, token: await alsoSignsIn(own.company, COMPANY_NIP) }
  const expired = await exportStatus(later, referenceNumber)
  expect(expired.body).toMatchObject({ status: { code: 210 } })
  expect(expired.body.package).toBeUndefined()
  own.clock.pass(96 * HOUR_MS + 1)
  const latest = { ...own.who, token: await alsoSignsIn(own.company, COMPANY_NIP) }
  expect((await exportStatus(latest, referenceNumber)).status).toBe(410)
})

test('a cut package names the date to go on from, and going on finds every invoice', async () => {
  await using own = await aStockedCompany(25, { retrieval: { exportInvoices: 12 } })
  const seen = new Map<string, string>()
  let from = since
  let rounds = 0
  for (;;) {
    const { status, aes } = await exported(own.who, { filters: filters({}, { from }) })
    const { files } = await fetchPackage(status, aes)
    for (const [name, xml] of files) if (name.endsWith('.xml')) seen.set(name, xml.toString())
    rounds += 1
    if (!status.package.isTruncated) break
    expect(status.package.invoiceCount).toBe(12)
    from = status.package.lastPermanentStorageDate
  }
  expect(rounds).toBeGreaterThan(2)
  expect(new Set(seen.values())).toEqual(new Set(own.xmls))
})

test('a package is cut at its size as at its number, and names the date of the asked kind', async () => {
  await using own = await aStockedCompany(5, { retrieval: { exportBytes: 2000 } })
  const cut = async (dateType: string) =>
    (await exported(own.who, { filters: filters({}, { dateType, from: '2026-11-01' }) })).status.package
  const issued = await cut('Issue')
  expect([issued.isTruncated, issued.lastIssueDate, issued.permanentStorageHwmDate]).toEqual([
    true,
    '2026-11-20',
    null,
  ])
  expect((await cut('Invoicing')).lastInvoicingDate).toBe('2026-11-22T10:00:00.000Z')
})

test('a range that begins after the mark ends in 420, without the restriction in an empty package', async () => {
  const from = '2026-11-22T10:06:00Z'
  const { status } = await exported(stocked.who, { filters: filters({}, { from }) })
  expect(status.status.code).toBe(420)
  const free = filters({}, { from, restrictToPermanentStorageHwmDate: false })
  expect((await exported(stocked.who, { filters: free })).status.package.invoiceCount).toBe(0)
})

test('ten exports run at once, the eleventh is refused with 21182 until one is done', async () => {
  await using own = await aStockedCompany(1, { delaysMs: { export: 1000 } })
  for (let running = 0; running < 10; running++)
    expect((await startExport(own.who, { filters: filters() })).answer.status).toBe(201)
  const refused = await startExport(own.who, { filters: filters() })
  expect(errorCode(refused.answer.body)).toBe(21182)
  own.clock.pass(1000)
  const free = async (): Promise<number> => (await startExport(own.who, { filters: filters() })).answer.status
  await expect.poll(free).toBe(201)
})

test('what cannot be exported is refused: a long range, a retired key, a foreign or unknown export', async () => {
  const { who, company } = stocked
  const long = filters({}, { from: '2026-08-14T10:05:59Z' })
  expect(errorCode((await startExport(who, { filters: long })).answer.body)).toBe(21405)
  const encryption = {
    ...who.caller.opening(await who.caller.newKey()).encryption,
    publicKeyId: 'A'.repeat(44),
  }
  expect(errorCode((await startExport(who, { filters: filters(), encryption })).answer.body)).toBe(21470)
  const { referenceNumber } = await exported(who, { filters: filters() })
  const foreign = { ...who, token: await alsoSignsIn(company, BUYER) }
  expect(errorCode((await exportStatus(foreign, referenceNumber)).body)).toBe(21175)
})

test('a key that cannot be opened ends the export in 415', async () => {
  const { encryption } = stocked.who.caller.opening(await stocked.who.caller.newKey())
  const unopenable = { ...encryption, encryptedSymmetricKey: Buffer.alloc(256, 1).toString('base64') }
  const { status } = await exported(stocked.who, { filters: filters(), encryption: unopenable })
  expect([status.status.code, status.package]).toEqual([415, undefined])
})

test('an export is cut, or expired at once, when misbehaviour is asked for', async () => {
  await using own = await aStockedCompany(3)
  const misbehave = (body: Json) =>
    own.who.caller.ask('POST', `${own.company.control}/misbehaviours`, { body })
  await misbehave({ kind: 'export-truncated', invoices: 2 })
  const cut = await exported(own.who, { filters: filters() })
  expect(cut.status.package).toMatchObject({ invoiceCount: 2, isTruncated: true })
  await misbehave({ kind: 'export-expired' })
  expect((await exported(own.who, { filters: filters() })).status.status.code).toBe(210)
})

test('without an invoice of one’s own, an export of the buyer holds the seller’s', async () => {
  const { who, company } = stocked
  const buyer = { ...who, token: await alsoSignsIn(company, BUYER) }
  expect((await exported(buyer, { filters: filters() })).status.package.invoiceCount).toBe(0)
  const bought = await exported(buyer, { filters: filters({ subjectType: 'Subject2' }) })
  expect(bought.status.package.invoiceCount).toBe(7)
})
