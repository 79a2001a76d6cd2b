import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limitGroupOf, NOTHING_BINDS, OVERRIDABLE_GROUPS, PRODUCTION_LIMITS } from '../src/limits/groups.ts'
import { UNIMPLEMENTED } from '../src/routes/unimplemented.ts'
import type { Caller, Json } from './wire/caller.ts'
import { aCompany, alsoSignsIn, type Company } from './wire/company.ts'
import { contractFolder } from './wire/contract-folder.ts'
import { invoiceXml } from './wire/invoice.ts'

type Thresholds = { perSecond: number; perMinute?: number; perHour?: number }
type Published = { operation: string; limits: Thresholds; secured: boolean; group: string | undefined }

/** API 2.8.0 gave closing its own limits; the file at hand may be of 2.7.0 (limity-api.md, 14.09.2026). */
const CLOSINGS: Record<string, Thresholds> = {
  'POST /sessions/online/{referenceNumber}/close': { perSecond: 20, perMinute: 60, perHour: 240 },
  'POST /sessions/batch/{referenceNumber}/close': { perSecond: 20, perMinute: 40, perHour: 120 },
}

function publishedTable(folder: string): Published[] {
  const openApi: Json = JSON.parse(readFileSync(`${folder}/open-api.json`, 'utf8'))
  return Object.entries<Json>(openApi.paths).flatMap(([path, item]) =>
    Object.entries<Json>(item)
      .map(([method, operation]) => ({ operation: `${method.toUpperCase()} ${path}`, declared: operation }))
      .filter(({ operation, declared }) => declared['x-rate-limits'] && !UNIMPLEMENTED.includes(operation))
      .map(({ operation, declared }) => ({
        operation,
        limits: CLOSINGS[operation] ?? declared['x-rate-limits'],
        secured: declared.security !== undefined,
        group: /\| (\w+)\s*$/.exec(declared.responses['429'].description.trim())?.[1],
      })),
  )
}

const folder = contractFolder('comparing limits with the official table')
const published = folder === undefined ? [] : publishedTable(folder)

const time = { ms: Date.parse('2026-11-22T08:00:00Z') }
const now = () => new Date(time.ms)
const DAY_MS = 24 * 3_600_000
let company: Company
let caller: Caller

beforeAll(async () => {
  company = await aCompany({
    now,
    limits: 'production',
    processingDelayMs: 0,
    accessTokenSeconds: 7 * 86_400,
  })
  caller = company.caller
})
afterAll(() => company[Symbol.asyncDispose]())

const call = (operation: string) => {
  const [method = '', path = ''] = operation.split(' ')
  return caller.ask(method, path.replaceAll(/\{\w+\}/g, '20261122-SO-0000000000-0000000000-00'), {
    token: company.access,
    ...(method === 'GET' ? {} : { body: {} }),
  })
}

/** Spends `count` requests `spacingMs` apart, all admitted, and returns the first one refused. */
async function spend(operation: string, count: number, spacingMs: number) {
  for (let sent = 0; sent < count; sent++) {
    const { status } = await call(operation)
    if (status === 429) throw new Error(`${operation} was refused after ${sent} of ${count}`)
    time.ms += spacingMs
  }
  return call(operation)
}

describe.runIf(folder !== undefined)('the published table', () => {
  test.each(published)('$operation is in the group and has the limits of the contract', (row) => {
    const group = limitGroupOf(row.operation)
    if (row.group !== undefined && CLOSINGS[row.operation] === undefined) expect(group).toBe(row.group)
    expect(PRODUCTION_LIMITS[group]).toMatchObject(row.limits)
  })

  // The operations that set limits start counting anew, so their own edge cannot be reached.
  const spendable = published.filter(({ operation }) => !operation.includes('/testdata/rate-limits'))

  test.each(spendable)('$operation admits its requests of one second and not one more', async (row) => {
    time.ms += DAY_MS
    company.access = await alsoSignsIn(company, '5265877635')
    time.ms += 2000
    const refused = await spend(row.operation, row.limits.perSecond, 0)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(refused.body.status.details[0]).toContain(`limit ${row.limits.perSecond} żądań na sekundę`)
    time.ms += 1000
    expect((await call(row.operation)).status).not.toBe(429)
  })

  const groups = [...new Map(spendable.map((row) => [limitGroupOf(row.operation), row])).values()]
  const timed = groups.filter(({ limits }) => limits.perHour !== undefined)

  test.each(timed)('$operation admits its requests of one minute and of one hour', async (row) => {
    const { perMinute = 0, perHour = 0, perSecond } = row.limits
    time.ms += DAY_MS
    company.access = await alsoSignsIn(company, '5265877635')
    const minuteSpacing = Math.ceil(1000 / perSecond) + 1
    const refused = await spend(row.operation, perMinute, minuteSpacing)
    const wait = Math.ceil((60_000 - perMinute * minuteSpacing) / 1000)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, String(wait)])
    expect(refused.body.status.details[0]).toContain(`limit ${perMinute} żądań na minutę`)

    time.ms += 2 * 3_600_000
    const hourSpacing = Math.ceil(60_000 / perMinute) + 1
    const late = await spend(row.operation, perHour, hourSpacing)
    const seconds = Math.ceil((3_600_000 - perHour * hourSpacing) / 1000)
    expect([late.status, late.headers.get('retry-after')]).toEqual([429, String(seconds)])
    expect(late.body.status.details[0]).toContain(`limit ${perHour} żądań na godzinę`)
    time.ms += seconds * 1000
    expect((await call(row.operation)).status).not.toBe(429)
  })
})

test('the 181st invoice of an hour gets 429 with Retry-After, and obeying it succeeds', async () => {
  time.ms += DAY_MS
  company.access = await alsoSignsIn(company, '5265877635')
  const session = await caller.openSession(company.access)
  const invoice = () => caller.send(company.access, session, invoiceXml({ issueDate: '2026-11-20' }))
  for (let sent = 0; sent < 180; sent++) {
    expect((await invoice()).status).toBe(202)
    time.ms += 2001
  }
  const refused = await invoice()
  expect([refused.status, refused.body.status.description]).toEqual([429, 'Too Many Requests'])
  time.ms += Number(refused.headers.get('retry-after')) * 1000
  const again = await invoice()
  expect(again.status).toBe(202)
  expect((await caller.settled(company.access, session, again.body.referenceNumber)).status.code).toBe(200)
})

test('another context has its own counters, and a repeat offender waits longer', async () => {
  time.ms += DAY_MS
  company.access = await alsoSignsIn(company, '5265877635')
  const other = await alsoSignsIn(company, '7980332920')
  const waits: (string | null)[] = []
  await spend('GET /sessions', 5, 0)
  for (let repeat = 0; repeat < 3; repeat++)
    waits.push((await call('GET /sessions')).headers.get('retry-after'))
  expect(waits).toEqual(['2', '4', '8'])
  expect((await caller.ask('GET', '/sessions?sessionType=Online', { token: other })).status).toBe(200)
})

test('signing in is counted for the address: the 61st call of a second waits', async () => {
  time.ms += DAY_MS
  for (let sent = 0; sent < 60; sent++) expect((await caller.ask('POST', '/auth/challenge')).status).toBe(200)
  const refused = await caller.ask('GET', '/security/public-key-certificates', {
    headers: { 'x-error-format': 'problem-details' },
  })
  expect([refused.status, refused.body.title]).toEqual([429, 'Too Many Requests'])
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
})

describe('limits a test sets', () => {
  test('are reported, bind at once, and are undone', async () => {
    await using free = await aCompany()
    const ask = (method: string, path: string, body?: unknown) =>
      free.caller.ask(method, path, { token: free.access, ...(body === undefined ? {} : { body }) })
    const published = (await ask('GET', '/rate-limits')).body
    expect(published).toEqual(NOTHING_BINDS)
    const rateLimits = Object.fromEntries(
      OVERRIDABLE_GROUPS.map((group) => [group, { perSecond: 100, perMinute: 200, perHour: 300 }]),
    )
    rateLimits['sessionList'] = { perSecond: 1, perMinute: 1, perHour: 1 }
    for (let sent = 0; sent < 12; sent++)
      expect((await ask('GET', '/sessions?sessionType=Online')).status).toBe(200)
    expect((await ask('POST', '/testdata/rate-limits', { rateLimits })).status).toBe(200)
    expect((await ask('GET', '/rate-limits')).body).toMatchObject(rateLimits)
    expect((await ask('GET', '/sessions?sessionType=Online')).status).toBe(200)
    expect((await ask('GET', '/sessions?sessionType=Online')).status).toBe(429)
    expect((await ask('DELETE', '/testdata/rate-limits')).status).toBe(200)
    expect((await ask('GET', '/sessions?sessionType=Online')).status).toBe(200)
    expect((await ask('POST', '/testdata/rate-limits/production')).status).toBe(200)
    expect((await ask('GET', '/rate-limits')).body).toEqual(PRODUCTION_LIMITS)
    const answers: number[] = []
    for (let sent = 0; sent < 6; sent++)
      answers.push((await ask('GET', '/sessions?sessionType=Online')).status)
    expect(answers.at(-1)).toBe(429)
    for (const wrong of [{}, { ...rateLimits, other: { perSecond: 0, perMinute: 1, perHour: 1 } }])
      expect((await ask('POST', '/testdata/rate-limits', { rateLimits: wrong })).status).toBe(400)
  })

  test('of sessions and certificates belong to the context and the subject', async () => {
    await using free = await aCompany()
    const ask = (method: string, path: string, body?: unknown) =>
      free.caller.ask(method, path, { token: free.access, ...(body === undefined ? {} : { body }) })
    const session = { maxInvoiceSizeInMB: 2, maxInvoiceWithAttachmentSizeInMB: 4, maxInvoices: 7 }
    const body = { onlineSession: session, batchSession: { ...session, maxInvoices: 8 } }
    expect((await ask('POST', '/testdata/limits/context/session', body)).status).toBe(200)
    expect((await ask('GET', '/limits/context')).body).toMatchObject(body)
    expect((await ask('DELETE', '/testdata/limits/context/session')).status).toBe(200)
    expect((await ask('GET', '/limits/context')).body.onlineSession.maxInvoices).toBe(10_000)

    const enrollment = { subjectIdentifierType: 'Nip', enrollment: { maxEnrollments: 3 } }
    expect((await ask('POST', '/testdata/limits/subject/certificate', enrollment)).status).toBe(200)
    const raised = { enrollment: { maxEnrollments: 3 }, certificate: { maxCertificates: 100 } }
    expect((await ask('GET', '/limits/subject')).body).toEqual(raised)
    expect((await ask('DELETE', '/testdata/limits/subject/certificate')).status).toBe(200)
    expect((await ask('GET', '/limits/subject')).body.enrollment.maxEnrollments).toBe(300)
    const stranger = await free.caller.ask('GET', '/limits/subject')
    expect(stranger.status).toBe(401)
  })
})
