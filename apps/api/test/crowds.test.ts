/** Invoices of one company that come at once, where the database or another process is in their way. */
import { connect } from '@ksef-fleet/db'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildServer } from '../src/index.ts'
import { invoiceOf, NIP_A, type Party, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const NUMBERS = Array.from({ length: 20 }, (_, index) => `${index}`)

const post = async (number: string) => {
  const xml = invoiceOf(NIP_A, { number })
  const answer = await api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml, key: api.a.key })
  return answer.json().code ?? answer.statusCode
}

/** Another transaction, which has taken the number and lasts. */
async function taking(number: string) {
  await post(`instead of ${number}`)
  const other = new pg.Client({ connectionString: api.database.adminUrl })
  await other.connect()
  await other.query('begin')
  await other.query('update submissions set number = $1 where number = $2', [number, `instead of ${number}`])
  return {
    leave: () => other.query('rollback'),
    [Symbol.asyncDispose]: () => other.end(),
  }
}

test('one that waits for another transaction keeps nobody waiting who comes after it', async () => {
  await using other = await taking('A/1')
  const waiting = post('A/1')
  expect(await Promise.all([post('A/2'), post('A/3')])).toEqual([202, 202])
  await other.leave()
  expect(await waiting).toBe(202)
})

test('one that waits for another transaction keeps nobody waiting who comes with it', async () => {
  await using other = await taking('B/7')
  const asked = NUMBERS.map((number) => post(`B/${number}`))
  const [waiting] = asked.splice(7, 1)
  expect(await Promise.all(asked)).toEqual(asked.map(() => 202))
  await other.leave()
  expect(await waiting).toBe(202)
})

test('one that the database refuses is alone in that', async () => {
  await api.query("alter table submissions add constraint odd check (number <> 'C/7')")
  const told = await Promise.all(NUMBERS.map((number) => post(`C/${number}`)))
  expect(told).toEqual(NUMBERS.map((number) => (number === '7' ? 'INTERNAL' : 202)))
})

type Sent = { company: Party; key: string; xml: Uint8Array }

const sendTo = (app: RunningApi['app'], { company, key, xml }: Sent) =>
  app.inject({
    method: 'POST',
    url: `/v1/companies/${company.id}/invoices`,
    headers: {
      authorization: `Bearer ${company.key}`,
      'content-type': 'application/xml',
      'idempotency-key': key,
    },
    payload: Buffer.from(xml),
  })

test('the same keys and numbers of two companies, sent to two processes at once, are each stored once', async () => {
  await using resources = new AsyncDisposableStack()
  const db = resources.adopt(connect({ ...api.database, poolSize: 4 }), (connected) => connected.close())
  const second = resources.adopt(await buildServer({ ...api.deps, db }), (server) => server.close())
  const ofCompany = (company: Party): Sent[] =>
    NUMBERS.map((number) => ({
      company,
      key: `key-"\\{${number}},NULL`,
      xml: invoiceOf(company.nip, { number: `D/${number}` }),
    }))
  const [ofA, ofB] = [ofCompany(api.a), ofCompany(api.b)]
  const toFirst = [...ofA, ...ofB.toReversed()].map(
    async (sent) => [sent, await sendTo(api.app, sent)] as const,
  )
  const toSecond = [...ofA.toReversed(), ...ofB].map(
    async (sent) => [sent, await sendTo(second, sent)] as const,
  )
  const answered = await Promise.all([...toFirst, ...toSecond])
  for (const [, answer] of answered)
    expect([202, 'IDEMPOTENCY_IN_PROGRESS']).toContain(answer.json().code ?? answer.statusCode)
  const fresh = answered.filter(
    ([, { statusCode, headers }]) => statusCode === 202 && headers['idempotency-replayed'] === undefined,
  )
  expect(new Set(fresh.map(([sent]) => sent)).size).toBe(fresh.length)
  for (const [{ company, xml }, { headers }] of fresh) {
    const back = await api.call({ url: `${headers.location}/xml`, key: company.key })
    expect(back.rawPayload).toEqual(Buffer.from(xml))
  }
  const stored = await api.query("select count(*)::int as stored from submissions where number like 'D/%'")
  expect([stored, fresh.length]).toEqual([[{ stored: 2 * NUMBERS.length }], 2 * NUMBERS.length])
})
