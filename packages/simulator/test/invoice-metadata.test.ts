import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from './wire/caller.ts'
import { aCompany, alsoSignsIn, COMPANY_NIP, type Company } from './wire/company.ts'
import { type Draft, invoiceXml } from './wire/invoice.ts'

const BUYER = '7980332920'
const THIRD = '1111111111'
const REPRESENTATIVE = '2222222222'
const FROM = '2026-11-22T00:00:00+01:00'

let at = new Date('2026-11-22T10:00:00Z')
const pass = (ms: number) => {
  at = new Date(at.getTime() + ms)
}
let company: Company
const tokens: Record<string, string> = {}

const DRAFTS: Record<string, Draft> = {
  plain: { number: 'M/1', issueDate: '2026-11-22' },
  euro: { number: 'M/2', currency: 'EUR', gross: '900.00', issueDate: '2026-11-21' },
  other: { number: 'M/3', buyerNip: THIRD, kind: 'UPR' },
  parties: { number: 'M/4', thirdNip: THIRD, authorizedNip: REPRESENTATIVE },
}

beforeAll(async () => {
  company = await aCompany({ now: () => at, processingDelayMs: 0, retrieval: { queryRecords: 15 } })
  const { caller, access } = company
  const session = await caller.openSession(access)
  for (const draft of Object.values(DRAFTS)) {
    expect((await caller.deliver(access, session, invoiceXml(draft))).status.code).toBe(200)
    pass(1000)
  }
  for (const nip of [BUYER, THIRD, REPRESENTATIVE]) tokens[nip] = await alsoSignsIn(company, nip)
  tokens[COMPANY_NIP] = access
})
afterAll(() => company.simulator.close())

const errorCode = (body: Json): number => body.exception.exceptionDetailList[0].exceptionCode
const range = (extra: Json = {}) => ({ dateType: 'PermanentStorage', from: FROM, ...extra })

function ask(filters: Json, { nip = COMPANY_NIP, query = 'pageSize=10' } = {}) {
  const body = { subjectType: 'Subject1', dateRange: range(), ...filters }
  return company.caller.ask('POST', `/invoices/query/metadata?${query}`, { token: tokens[nip] ?? '', body })
}
const numbers = async (filters: Json, options = {}): Promise<string[]> =>
  (await ask(filters, options)).body.invoices.map((one: Json) => one.invoiceNumber)

test.each([
  [{ invoiceNumber: 'M/2' }, ['M/2']],
  [{ currencyCodes: ['EUR', 'USD'] }, ['M/2']],
  [{ amount: { type: 'Brutto', from: 200 } }, ['M/2']],
  [{ amount: { type: 'Netto', to: 100 } }, []],
  [{ amount: { type: 'Vat', from: 23.02, to: 23.02 } }, ['M/1', 'M/2', 'M/3', 'M/4']],
  [{ invoiceTypes: ['Upr', 'Kor'] }, ['M/3']],
  [{ buyerIdentifier: { type: 'Nip', value: THIRD } }, ['M/3']],
  [{ buyerIdentifier: { type: 'None' } }, []],
  [{ invoicingMode: 'Online' }, ['M/1']],
  [{ formType: 'FA_RR' }, []],
  [{ isSelfInvoicing: true }, []],
  [{ hasAttachment: false, sellerNip: COMPANY_NIP }, ['M/1', 'M/2', 'M/3', 'M/4']],
  [{ dateRange: { dateType: 'Issue', from: '2026-11-21', to: '2026-11-21T12:00:00' } }, ['M/2']],
  [
    { dateRange: { dateType: 'Invoicing', from: '2026-11-22T11:00:01', to: '2026-11-22T11:00:02' } },
    ['M/2', 'M/3'],
  ],
])('the filter %j finds %j', async (filters, expected) => {
  expect(await numbers(filters)).toEqual(expected)
})

test('everybody finds an invoice in the role in which it names them', async () => {
  expect(await numbers({ subjectType: 'Subject2' }, { nip: BUYER })).toEqual(['M/1', 'M/2', 'M/4'])
  expect(await numbers({ subjectType: 'Subject2' }, { nip: THIRD })).toEqual(['M/3'])
  expect(await numbers({ subjectType: 'Subject3' }, { nip: THIRD })).toEqual(['M/4'])
  expect(await numbers({ subjectType: 'SubjectAuthorized' }, { nip: REPRESENTATIVE })).toEqual(['M/4'])
  expect(await numbers({ subjectType: 'Subject1' }, { nip: BUYER })).toEqual([])
  const [named] = (await ask({ subjectType: 'SubjectAuthorized' }, { nip: REPRESENTATIVE })).body.invoices
  expect(named.authorizedSubject).toMatchObject({ nip: REPRESENTATIVE, role: 3 })
  expect(named.thirdSubjects).toMatchObject([{ identifier: { type: 'Nip', value: THIRD }, role: 4 }])
})

test('rows are sorted by the asked date in the asked direction', async () => {
  expect(await numbers({}, { query: 'sortOrder=Desc' })).toEqual(['M/4', 'M/3', 'M/2', 'M/1'])
  const byIssue = { dateRange: { dateType: 'Issue', from: '2026-11-01' } }
  expect((await numbers(byIssue, { query: 'sortOrder=Desc' })).slice(0, 2)).toEqual(['M/1', 'M/2'])
})

test('a range is at most 100 days, ends after it begins and consists of dates', async () => {
  const refused = async (dateRange: Json) => errorCode((await ask({ dateRange: range(dateRange) })).body)
  expect(await refused({ from: '2026-08-01T00:00:00Z' })).toBe(21405)
  expect(await refused({ from: '2026-01-01T00:00:00Z', to: '2026-04-12T00:00:00Z' })).toBe(21405)
  expect(await refused({ to: '2026-11-21T00:00:00Z' })).toBe(21405)
  expect(await refused({ from: 'przedwczoraj' })).toBe(21405)
  const hundred = range({ from: '2026-01-01T00:00:00Z', to: '2026-04-11T00:00:00Z' })
  expect((await ask({ dateRange: hundred })).status).toBe(200)
})

test('values that no invoice can have are refused', async () => {
  for (const filters of [
    { invoiceTypes: ['Vat2'] },
    { formType: 'X' },
    { sellerNip: '12' },
    { ksefNumber: 'x' },
  ])
    expect(errorCode((await ask(filters)).body)).toBe(21405)
  expect(errorCode((await ask({}, { query: 'pageSize=251' })).body)).toBe(21405)
})

test('the mark lags: behind it all is final, before it an invoice may show up late and out of order', async () => {
  const clock = { at: new Date('2026-11-22T10:00:00Z') }
  const hwmLagMs = 60_000
  await using own = await aCompany({ now: () => clock.at, processingDelayMs: 0, retrieval: { hwmLagMs } })
  const { caller, access: token } = own
  const session = await caller.openSession(token)
  const query = async (restrictToPermanentStorageHwmDate: boolean): Promise<Json> => {
    const dateRange = range({ restrictToPermanentStorageHwmDate })
    const body = { subjectType: 'Subject1', dateRange }
    return (await caller.ask('POST', '/invoices/query/metadata?pageSize=250', { token, body })).body
  }
  for (let sent = 0; sent < 8; sent++) await caller.deliver(token, session, invoiceXml())
  clock.at = new Date(clock.at.getTime() + hwmLagMs / 2)
  const early = await query(false)
  expect(early.permanentStorageHwmDate).toBe('2026-11-22T09:59:30.000Z')
  expect(early.invoices.length).toBeLessThan(8)
  expect((await query(true)).invoices).toEqual([])
  clock.at = new Date(clock.at.getTime() + hwmLagMs / 2 + 1)
  const whole = await query(true)
  expect(whole.invoices).toHaveLength(8)
  const shown = new Set(whole.invoices.map((one: Json) => one.ksefNumber))
  expect(early.invoices.every((one: Json) => shown.has(one.ksefNumber))).toBe(true)
  const dateRange = range({ from: '2026-11-22T10:00:00.002Z', restrictToPermanentStorageHwmDate: true })
  const beyond = await caller.ask('POST', '/invoices/query/metadata', {
    token,
    body: { subjectType: 'Subject1', dateRange },
  })
  expect(errorCode(beyond.body)).toBe(21183)
})

test('a set of filters gives so many records and no more, and says so', async () => {
  const { caller, access } = company
  const session = await caller.openSession(access)
  for (let sent = 0; sent < 18; sent++)
    await caller.deliver(access, session, invoiceXml({ issueDate: '2026-11-19' }))
  pass(1000)
  const page = async (offset: number) => {
    const dateRange = { dateType: 'Issue', from: '2026-11-19', to: '2026-11-19' }
    const { body } = await ask({ dateRange }, { query: `pageSize=10&pageOffset=${offset}` })
    return [body.invoices.length, body.hasMore, body.isTruncated]
  }
  expect(await page(0)).toEqual([10, true, false])
  expect(await page(1)).toEqual([5, true, true])
})
