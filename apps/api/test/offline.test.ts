/** How invoices are issued while KSeF cannot be reached, by whose word, and what may be said of outages. */
import { createApiKey } from '@ksef-fleet/core'
import { INVOICE_EXAMPLES } from '@ksef-fleet/ksef'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, NOW, type RunningApi, startApi } from './running-api.ts'
import { filesOf } from './uploads.ts'

let api: RunningApi
let operator: string
beforeAll(async () => {
  api = await startApi({ now: () => NOW })
  const of = { companyId: null, role: 'operator', name: 'night shift', actor: 'test' } as const
  operator = (await createApiKey(api.deps, of)).key
})
afterAll(() => api?.[Symbol.asyncDispose]())
afterEach(() => seen({ state: 'online' }))

/** KSeF as the workers have found it. */
const seen = (availability: object, lookedAt = NOW) =>
  api.query(`update ksef_availability set availability = $1, looked_at = $2 where environment = 'test'`, [
    JSON.stringify(availability),
    lookedAt,
  ])
const outOfReach = { state: 'offline', mode: 'offline24' }

let numbers = 0
const own = () => ({ key: api.a.key })
const invoices = (query = '') => `/v1/companies/${api.a.id}/invoices${query}`
const post = (query = '') =>
  api.call({ url: invoices(query), ...own(), xml: invoiceOf(api.a.nip, { number: `OFF/${++numbers}` }) })

describe('an invoice', () => {
  test('is issued in the mode that its caller names, with its deadline', async () => {
    const answer = await post('?offlineMode=offline24')
    expect(answer.statusCode, answer.body).toBe(202)
    // 22 November 2026 is a Sunday.
    expect(answer.json()).toMatchObject({
      state: 'pending',
      offlineMode: 'offline24',
      offlineChoice: 'caller',
      deadline: '2026-11-23',
    })
    const unknown = await post('?offlineMode=offline25')
    expect([unknown.statusCode, unknown.json().code]).toEqual([400, 'REQUEST_INVALID'])
  })

  test('is issued online while KSeF answers, and offline by itself when it does not', async () => {
    const online = { offlineMode: null, offlineChoice: null, deadline: null }
    expect((await post()).json()).toMatchObject(online)
    await seen({ state: 'suspect' })
    expect((await post()).json()).toMatchObject(online)
    await seen(outOfReach)
    const offline = { offlineMode: 'offline24', offlineChoice: 'policy', deadline: '2026-11-23' }
    expect((await post()).json()).toMatchObject(offline)
    const json = { ...INVOICE_EXAMPLES.VAT, number: `OFF/${++numbers}`, issueDate: '2026-11-22' }
    const asJson = await api.call({ url: invoices(), ...own(), json })
    expect(asJson.statusCode, asJson.body).toBe(202)
    expect(asJson.json()).toMatchObject(offline)
  })

  test('is issued online when KSeF was last looked at long ago', async () => {
    await seen(outOfReach, new Date(NOW.getTime() - 6 * 60_000))
    expect((await post()).json()).toMatchObject({ offlineMode: null })
    const url = `/v1/companies/${api.a.id}/offline`
    expect((await api.call({ url, ...own() })).json()).toMatchObject({
      ksef: { state: 'online', mode: null, since: null },
    })
  })

  test('is kept from KSeF by nobody’s word but a caller’s or an administrator’s', async () => {
    await seen({ ...outOfReach, mode: 'awaria' })
    await api.query(
      `insert into ksef_outages (id, environment, kind, announced_at, start_at, source, reference, created_at)
       values (gen_random_uuid(), 'test', 'totalFailure', now(), now(), 'lighthouse', 'TF', now())`,
    )
    expect((await post()).json()).toMatchObject({ state: 'pending', offlineMode: 'awaria' })
    const told = { kind: 'totalFailure', startAt: '2026-01-05T10:00:00+01:00', note: 'Radio' }
    const outage = await api.call({ url: '/v1/ksef/outages', json: told })
    expect((await post()).json()).toMatchObject({
      state: 'held',
      offlineMode: 'totalFailure',
      outcome: { code: 'TOTAL_FAILURE' },
    })
    await api.call({ url: `/v1/ksef/outages/${outage.json().id}`, method: 'DELETE' })
    expect((await post()).json()).toMatchObject({ state: 'pending', offlineMode: 'awaria' })
    await api.query(`delete from ksef_outages where reference = 'TF'`)
  })

  test('in another mode is another request, whatever its Idempotency-Key', async () => {
    const xml = invoiceOf(api.a.nip, { number: `OFF/${++numbers}` })
    const headers = { 'idempotency-key': 'mode-single' }
    const again = (query: string) => api.call({ url: invoices(query), ...own(), xml, headers })
    const { id } = (await again('?offlineMode=offline24')).json()
    expect((await again('?offlineMode=offline24')).json()).toMatchObject({ id })
    for (const query of ['', '?offlineMode=totalFailure'])
      expect((await again(query)).json().code).toBe('IDEMPOTENCY_KEY_REUSED')
  })

  test('in a batch is issued as the others of it', async () => {
    const upload = filesOf({
      'a.xml': invoiceOf(api.a.nip, { number: 'BATCH/1' }),
      'b.xml': invoiceOf(api.a.nip, { number: 'BATCH/2' }),
    })
    const url = `/v1/companies/${api.a.id}/batches?offlineMode=awaria`
    const headers = { 'idempotency-key': 'mode-batch' }
    const answer = await api.call({ url, ...own(), upload, headers })
    expect(answer.statusCode, answer.body).toBe(202)
    const other = `/v1/companies/${api.a.id}/batches?offlineMode=totalFailure`
    expect((await api.call({ url: other, ...own(), upload, headers })).json().code).toBe(
      'IDEMPOTENCY_KEY_REUSED',
    )
    const listed = (await api.call({ url: invoices(`?batch=${answer.json().id}`), ...own() })).json().invoices
    expect(listed.map((one: { offlineMode: string }) => one.offlineMode)).toEqual(['awaria', 'awaria'])
  })

  test('is issued online where the company turned the automatic choice off', async () => {
    const url = `/v1/companies/${api.a.id}/offline`
    expect((await api.call({ url, ...own() })).json()).toMatchObject({ automatic: true, ownChoice: false })
    const put = (automatic: boolean) => api.call({ url, ...own(), method: 'PUT', json: { automatic } })
    expect((await put(false)).json()).toMatchObject({ automatic: false, ownChoice: true })
    await seen(outOfReach)
    expect((await post()).json()).toMatchObject({ offlineMode: null })
    expect((await post('?offlineMode=offline24')).json()).toMatchObject({ offlineChoice: 'caller' })
    await put(true)
    expect((await post()).json()).toMatchObject({ offlineMode: 'offline24', offlineChoice: 'policy' })
    const told = await api.query(
      `select count(*)::int as n from ksef_audit_log where action = 'offline.configure'`,
    )
    expect(told).toEqual([{ n: 2 }])
  })
})

const KSEF_NUMBER = '5265877635-20261120-010080615740-E4'
const NUMBERED = `<NrKSeF>1</NrKSeF><NrKSeFFaKorygowanej>${KSEF_NUMBER}</NrKSeFFaKorygowanej>`

/** A correction that names its originals by number alone, and the `known` ones by their KSeF numbers too. */
function correctionOf(originals: readonly string[], known: readonly string[] = []): Uint8Array {
  const named = (number: string, ksef: string): string =>
    `<DaneFaKorygowanej><DataWystFaKorygowanej>2026-11-20</DataWystFaKorygowanej>` +
    `<NrFaKorygowanej>${number}</NrFaKorygowanej>${ksef}</DaneFaKorygowanej>`
  const all = [
    ...known.map((number) => named(number, NUMBERED)),
    ...originals.map((number) => named(number, '<NrKSeFN>1</NrKSeFN>')),
  ]
  const xml = Buffer.from(invoiceOf(api.a.nip, { number: `OFF/${++numbers}` })).toString()
  const kind = '<RodzajFaktury>VAT</RodzajFaktury>'
  return Buffer.from(xml.replace(kind, `<RodzajFaktury>KOR</RodzajFaktury>${all.join('')}`))
}

test('a correction that waits goes by itself once it is held and released by name', async () => {
  const { number } = (await post()).json()
  const { id, waitsFor } = (await api.call({ url: invoices(), ...own(), xml: correctionOf([number]) })).json()
  expect(waitsFor).toHaveLength(1)
  const act = async (path: string) =>
    (await api.call({ url: `/v1/companies/${api.a.id}/invoices${path}`, ...own(), method: 'POST' })).json()
  await act(`/${id}/hold`)
  await act('/release')
  const read = async () =>
    (await api.call({ url: `/v1/companies/${api.a.id}/invoices/${id}`, ...own() })).json()
  expect(await read()).toMatchObject({ state: 'pending', waitsFor, outcome: { code: 'ORIGINAL_AWAITED' } })
  await act(`/${id}/hold`)
  expect(await act(`/${id}/release`)).toMatchObject({ state: 'pending', waitsFor: [] })
})

test('a correction waits for every original that it names by number, also after one that has a KSeF number', async () => {
  const [first, second] = [(await post()).json(), (await post()).json()]
  const xml = correctionOf([first.number, second.number, 'OF/ANOTHER'], ['OFF/0'])
  const { waitsFor } = (await api.call({ url: invoices(), ...own(), xml })).json()
  expect(waitsFor.toSorted()).toEqual([first.id, second.id].toSorted())
})

test('corrections in a batch wait for their originals, wherever these stand in it', async () => {
  const { id, number } = (await post()).json()
  const upload = filesOf({
    'a.xml': correctionOf(['BATCH/ORIGINAL', number], ['OFF/0']),
    'b.xml': invoiceOf(api.a.nip, { number: 'BATCH/ORIGINAL' }),
    'c.xml': correctionOf([], ['OFF/0']),
  })
  const answer = await api.call({ url: `/v1/companies/${api.a.id}/batches`, ...own(), upload })
  expect(answer.statusCode, answer.body).toBe(202)
  type Listed = { id: string; kind: string; waitsFor: string[] }
  const listed: Listed[] = (await api.call({ url: invoices(`?batch=${answer.json().id}`), ...own() })).json()
    .invoices
  const original = listed.find(({ kind }) => kind === 'VAT')?.id
  const waits = listed.filter(({ kind }) => kind === 'KOR').map(({ waitsFor }) => waitsFor.toSorted())
  expect(waits).toHaveLength(2)
  expect(waits).toEqual(expect.arrayContaining([[], [id, original].toSorted()]))
})

test('a technical correction is alarmed of, also when another of the same invoice was rejected before', async () => {
  const xml = Buffer.from(invoiceOf(api.a.nip, { number: `OFF/${++numbers}` })).toString()
  const { id } = (
    await api.call({ url: invoices('?offlineMode=offline24'), ...own(), xml: Buffer.from(xml) })
  ).json()
  const reject = (one: string) =>
    api.query(
      `update submissions set state = 'rejected', reason = '{"code": "KSEF_REJECTED"}' where id = $1`,
      [one],
    )
  const correct = async (mark: string) => {
    const file = Buffer.from(xml.replace('<Naglowek>', `<!-- ${mark} --><Naglowek>`))
    const url = `/v1/companies/${api.a.id}/invoices/${id}/technical-correction`
    const answer = await api.call({ url, ...own(), xml: file })
    expect(answer.statusCode, answer.body).toBe(202)
    return answer.json().id as string
  }
  await reject(id)
  const first = await correct('first')
  await reject(first)
  const second = await correct('second')
  const alarmed = await api.query(
    `select id from submissions where id = any($1) and alarm_at is not null and outages_at is not null`,
    [[id, first, second]],
  )
  expect(alarmed).toEqual([{ id: second }])
})

describe('the doctor', () => {
  test('tells that KSeF is out of reach, of today’s deadlines, of what is late and of a missing certificate', async () => {
    await seen(outOfReach)
    const codes = async () => {
      const { findings } = (await api.call({ url: `/v1/companies/${api.a.id}/doctor`, ...own() })).json()
      return findings.map((one: { code: string }) => one.code)
    }
    await post()
    expect(await codes()).toEqual(expect.arrayContaining(['KSEF_OUT_OF_REACH', 'QR_CERTIFICATE_MISSING']))
    await api.query(`update submissions set deadline = '2026-11-22' where deadline is not null`)
    expect(await codes()).toContain('DEADLINE_NEAR')
    await api.query(`update submissions set deadline = '2026-11-20' where deadline is not null`)
    expect(await codes()).toContain('DEADLINE_PASSED')
  })
})

describe('an outage', () => {
  const outage = { kind: 'unavailability', startAt: '2026-01-05T10:00:00+01:00', note: 'BIP' }

  test('is told, ended and withdrawn by an administrator, and each stands in the audit log', async () => {
    const told = await api.call({ url: '/v1/ksef/outages', json: outage })
    expect(told.statusCode, told.body).toBe(201)
    expect(told.json()).toMatchObject({ kind: 'unavailability', source: 'administrator', endAt: null })
    const url = `/v1/ksef/outages/${told.json().id}`
    const end = { url: `${url}/end`, json: { endAt: '2026-01-05T14:00:00+01:00' } }
    expect((await api.call(end)).json()).toMatchObject({ endAt: '2026-01-05T13:00:00.000Z' })
    expect((await api.call(end)).statusCode).toBe(404)
    expect((await api.call({ url, method: 'DELETE' })).json().withdrawnAt).not.toBeNull()
    const entries = await api.query(
      `select action from ksef_audit_log where subject = $1 and company_id is null order by id`,
      [told.json().id],
    )
    expect(entries.map(({ action }) => action)).toEqual(['outage.announce', 'outage.end', 'outage.withdraw'])
  })

  test('is everybody’s to read and an administrator’s to tell, and ends after it began', async () => {
    for (const key of [operator, api.a.key]) {
      expect((await api.call({ url: '/v1/ksef', key })).json()).toMatchObject({
        environment: 'test',
        state: 'online',
      })
      expect((await api.call({ url: '/v1/ksef/outages', json: outage, key })).statusCode).toBe(403)
    }
    const backwards = { ...outage, endAt: '2026-01-04T10:00:00+01:00' }
    expect((await api.call({ url: '/v1/ksef/outages', json: backwards })).json()).toMatchObject({
      code: 'REQUEST_INVALID',
    })
  })
})
