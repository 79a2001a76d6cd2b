import { CompanyId } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, NIP_A, NIP_B, type RunningApi, startApi, textOf } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const post = (xml: Uint8Array | string, headers: Record<string, string> = {}) =>
  api.call({ url: `/v1/companies/${api.a.id}/invoices`, xml, headers, key: api.a.key })

const keyed = (xml: Uint8Array, key: string, company = api.a) =>
  api.call({
    url: `/v1/companies/${company.id}/invoices`,
    xml,
    key: company.key,
    headers: { 'idempotency-key': key },
  })

describe('posting an invoice', () => {
  test('answers 202 with its place, and it can be read back byte for byte', async () => {
    const xml = invoiceOf(NIP_A, { number: 'FV/2026/11/0001' })
    const posted = await post(xml)
    expect(posted.statusCode, posted.body).toBe(202)
    expect(posted.json()).toMatchObject({
      companyId: api.a.id,
      state: 'pending',
      formCode: 'FA (3)',
      sellerNip: NIP_A,
      kind: 'VAT',
      number: 'FV/2026/11/0001',
      issueDate: '2026-11-22',
      ksefNumber: null,
      upo: null,
      outcome: { code: 'QUEUED', actor: 'nobody', retry: 'automatic', ksef: null },
      actions: ['hold'],
      attempts: 0,
    })
    const location = String(posted.headers.location)
    expect(location).toBe(`/v1/companies/${api.a.id}/invoices/${posted.json().id}`)
    const read = await api.call({ url: location, key: api.a.key })
    expect(read.json()).toEqual(posted.json())
    const back = await api.call({ url: `${location}/xml`, key: api.a.key })
    expect(back.rawPayload).toEqual(Buffer.from(xml))
    expect(back.headers).toMatchObject({
      'content-type': 'application/xml',
      'cache-control': 'private, no-store',
      'content-disposition': `attachment; filename="invoice-${posted.json().id}.xml"`,
    })
  })

  test('keeps the caller’s trace with the invoice, so that delivery goes on in it', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const posted = await post(invoiceOf(NIP_A), { traceparent, 'x-request-id': 'erp-2026-000017' })
    expect(posted.headers['x-request-id']).toBe('erp-2026-000017')
    const [row] = await api.query('select traceparent from submissions where id = $1', [posted.json().id])
    expect(row).toEqual({ traceparent })
    const line = api.lines
      .map((each) => JSON.parse(each))
      .findLast((each) => each.requestId === 'erp-2026-000017')
    expect(line).toMatchObject({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', status: 202, method: 'POST' })
  })

  test('answers an inbound request id that is not sane with one of its own', async () => {
    for (const id of [
      'short',
      'has a blank in it',
      `${'x'.repeat(65)}`,
      'line\nbreak-aaaa',
      '<script>alert(1)',
    ]) {
      const answer = await api.call({ url: '/v1/companies', headers: { 'x-request-id': id } })
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    }
  })
})

describe('how an invoice is to travel', () => {
  const posted = (xml: Uint8Array, delivery: string) =>
    api.call({ url: `/v1/companies/${api.a.id}/invoices?delivery=${delivery}`, xml, key: api.a.key })
  const withAttachment = () =>
    Buffer.from(
      textOf(invoiceOf(NIP_A)).replace(
        '</Faktura>',
        '<Zalacznik><BlokDanych><MetaDane><ZKlucz>licznik</ZKlucz><ZWartosc>7</ZWartosc></MetaDane></BlokDanych></Zalacznik></Faktura>',
      ),
    )

  test('is the caller’s wish, and the plan’s where there is none', async () => {
    for (const delivery of ['immediate', 'auto', 'batch'])
      expect((await posted(invoiceOf(NIP_A), delivery)).json()).toMatchObject({ delivery, batchId: null })
    expect((await post(invoiceOf(NIP_A))).json().delivery).toBe('auto')
    const answer = await posted(invoiceOf(NIP_A), 'pigeon')
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
  })

  test('is not singly with an attachment, which is accepted otherwise', async () => {
    const before = await api.counts()
    const refused = await posted(withAttachment(), 'immediate')
    expect([refused.statusCode, refused.json().code]).toEqual([422, 'INVOICE_ATTACHMENT_NEEDS_BATCH'])
    expect(await api.counts()).toEqual(before)
    for (const delivery of ['auto', 'batch']) {
      const accepted = await posted(withAttachment(), delivery)
      expect([accepted.statusCode, accepted.json().hasAttachment], accepted.body).toEqual([202, true])
    }
  })
})

describe('an Idempotency-Key', () => {
  test('answers the same request with the same invoice, and says that it is a replay', async () => {
    const xml = invoiceOf(NIP_A)
    const key = crypto.randomUUID()
    const first = await keyed(xml, key)
    const before = await api.counts()
    const second = await keyed(xml, key)
    expect([first.statusCode, second.statusCode]).toEqual([202, 202])
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.json()).toEqual(first.json())
    expect(second.headers.location).toBe(first.headers.location)
    expect(await api.counts()).toEqual(before)
  })

  test('of another body is refused with 422, and nothing is written', async () => {
    const key = crypto.randomUUID()
    await keyed(invoiceOf(NIP_A), key)
    const before = await api.counts()
    const answer = await keyed(invoiceOf(NIP_A), key)
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    expect(await api.counts()).toEqual(before)
  })

  test('of another company is another key', async () => {
    const key = crypto.randomUUID()
    const [ofA, ofB] = [await keyed(invoiceOf(NIP_A), key), await keyed(invoiceOf(NIP_B), key, api.b)]
    expect([ofA.statusCode, ofB.statusCode]).toEqual([202, 202])
  })

  test('whose first request is still running answers 409, and afterwards the replay', async () => {
    const xml = invoiceOf(NIP_A)
    const key = crypto.randomUUID()
    let running: Promise<{ statusCode: number }> | undefined
    await api.deps.db.withCompany(CompanyId.parse(api.a.id), async (tx) => {
      const asked = { environment: api.deps.environment, idempotencyKeys: [key], waitingMs: null }
      expect(await tx.acceptance.look(asked)).toMatchObject({ busyKeys: [] })
      running = keyed(xml, key)
      const answer = await running
      expect(answer.statusCode).toBe(409)
    })
    const after = await keyed(xml, key)
    expect(after.statusCode, after.body).toBe(202)
    expect((await keyed(xml, key)).headers['idempotency-replayed']).toBe('true')
  })

  test('in fifty requests at once makes one invoice, one document and one wish to send', async () => {
    await api.query('delete from outbox')
    const before = await api.counts()
    const xml = invoiceOf(NIP_A)
    const key = crypto.randomUUID()
    const answers = await Promise.all(Array.from({ length: 50 }, () => keyed(xml, key)))
    const codes = answers.map((answer) => (answer.statusCode === 202 ? 202 : answer.json().code))
    expect(new Set(codes)).toSatisfy((seen: Set<unknown>) =>
      [...seen].every((code) => code === 202 || code === 'IDEMPOTENCY_IN_PROGRESS'),
    )
    const ids = answers.filter(({ statusCode }) => statusCode === 202).map((answer) => answer.json().id)
    expect(new Set(ids).size).toBe(1)
    const fresh = answers.filter(
      (a) => a.statusCode === 202 && a.headers['idempotency-replayed'] === undefined,
    )
    expect(fresh).toHaveLength(1)
    expect(difference(before, await api.counts())).toEqual({
      'public.submissions': 1,
      'public.ksef_documents_raw': 1,
      'public.ksef_documents': 1,
      'public.idempotency_keys': 1,
      'public.outbox': 1,
    })
  })

  test('is not needed: of twenty requests at once with one number, one is accepted and the rest name it', async () => {
    const xml = invoiceOf(NIP_A)
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(xml)))
    const accepted = answers.filter(({ statusCode }) => statusCode === 202)
    expect(accepted).toHaveLength(1)
    const others = answers.filter(({ statusCode }) => statusCode !== 202).map((answer) => answer.json())
    for (const problem of others) {
      expect(problem).toMatchObject({ code: 'INVOICE_DUPLICATE', existing: { id: accepted[0]?.json().id } })
    }
  })
})

describe('invoices that come at once', () => {
  const numbers = Array.from({ length: 30 }, (_, index) => `C/${index}`)
  const crowd = (suffix: string) =>
    numbers.map((number) => post(invoiceOf(NIP_A, { number: `${number}${suffix}` })))

  test('share transactions and wishes to send, and each is stored as it came', async () => {
    await api.query('delete from outbox')
    const before = await api.counts()
    const xmls = numbers.map((number) => invoiceOf(NIP_A, { number: `${number}-ąę`.repeat(5) }))
    const keys = xmls.map(() => crypto.randomUUID())
    const send = () => Promise.all(xmls.map((xml, index) => keyed(xml, keys[index] ?? '')))
    const answers = await send()
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(xmls.map(() => 202))
    for (const [index, answer] of answers.entries()) {
      const back = await api.call({ url: `${answer.headers.location}/xml`, key: api.a.key })
      expect(back.rawPayload).toEqual(Buffer.from(xmls[index] ?? []))
    }
    const { 'public.outbox': wishes = 0, ...rows } = difference(before, await api.counts())
    expect(rows).toEqual({
      'public.submissions': 30,
      'public.ksef_documents_raw': 30,
      'public.ksef_documents': 30,
      'public.idempotency_keys': 30,
    })
    expect(wishes).toBeGreaterThan(0)
    expect(wishes).toBeLessThan(30)
    const again = await send()
    expect(again.map((answer) => answer.headers['idempotency-replayed'])).toEqual(xmls.map(() => 'true'))
    expect(again.map((answer) => answer.json().id)).toEqual(answers.map((answer) => answer.json().id))
  })

  test('each have their own answer: those that are refused fail no other', async () => {
    const [taken, repeated] = [invoiceOf(NIP_A), invoiceOf(NIP_A)]
    const [used, again] = [crypto.randomUUID(), crypto.randomUUID()]
    const { id } = (await keyed(taken, used)).json()
    const replayed = (await keyed(repeated, again)).json()
    const odd = [
      post(taken),
      keyed(invoiceOf(NIP_A), used),
      keyed(repeated, again),
      post(invoiceOf(NIP_B)),
      post('<Faktura/>'),
    ]
    const sound = [...crowd('x'), ...odd, ...crowd('y')]
    const answers = await Promise.all(sound)
    const told = answers.map((answer) => answer.json().code ?? answer.statusCode)
    expect(told).toEqual([
      ...numbers.map(() => 202),
      ...['INVOICE_DUPLICATE', 'IDEMPOTENCY_KEY_REUSED', 202, 'INVOICE_SELLER_MISMATCH', 'INVOICE_INVALID'],
      ...numbers.map(() => 202),
    ])
    expect(answers[numbers.length]?.json().existing.id).toBe(id)
    expect(answers[numbers.length + 2]?.json().id).toBe(replayed.id)
  })
})

describe('the list of invoices', () => {
  test.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1&limit=2',
    'state=paid',
    'reason=X',
    'sort=number',
    'cursor=',
  ])('refuses %s and names the parameter', async (query) => {
    const answer = await api.call({ url: `/v1/companies/${api.a.id}/invoices?${query}` })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
    expect(answer.json().faults[0].pointer).toBe(query.split('=')[0])
  })

  test('is narrowed by state', async () => {
    const { invoices } = (
      await api.call({ url: `/v1/companies/${api.a.id}/invoices?state=receipted` })
    ).json()
    expect(invoices).toEqual([])
  })
})

test('the UPO is not there before it is stored, and says when to ask again', async () => {
  const { id } = (await post(invoiceOf(NIP_A))).json()
  const answer = await api.call({ url: `/v1/companies/${api.a.id}/invoices/${id}/upo` })
  expect([answer.statusCode, answer.json().code]).toEqual([409, 'UPO_NOT_YET'])
  expect(answer.headers['retry-after']).toBe('5')
})

const difference = (before: Record<string, number>, after: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(after).flatMap(([table, rows]) =>
      rows === before[table] ? [] : [[table, rows - before[table]!]],
    ),
  )
