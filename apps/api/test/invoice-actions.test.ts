/** What people do to an invoice on its way: hold it, release it, have it tried again; and what they are told of it. */
import type { SubmissionReason } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invoiceOf, NIP_A, type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(() => api?.[Symbol.asyncDispose]())

const list = () => `/v1/companies/${api.a.id}/invoices`
const ask = async (path: string, json?: object) => {
  const { statusCode, ...answer } = await api.call({
    method: 'POST',
    url: `${list()}/${path}`,
    key: api.a.key,
    ...(json === undefined ? {} : { json }),
  })
  return { statusCode, body: answer.json() }
}
const read = async (id: string) => (await api.call({ url: `${list()}/${id}`, key: api.a.key })).json()

const posted = async (xml = invoiceOf(NIP_A)): Promise<string> => {
  const answer = await api.call({ url: list(), xml, key: api.a.key })
  expect(answer.statusCode, answer.body).toBe(202)
  return answer.json().id
}

const stand = async (id: string, state: string, reason: SubmissionReason<string> | null = null) => {
  const more = state === 'claimed' ? `, lease_until = now() + interval '1 hour'` : ''
  await api.query(`update submissions set state = $2, reason = $3${more} where id = $1`, [
    id,
    state,
    reason === null ? null : JSON.stringify(reason),
  ])
  return id
}
const rejected = async (ksefCode: number, code = 'KSEF_REJECTED', xml = invoiceOf(NIP_A)) =>
  stand(await posted(xml), 'rejected', { code, ksefCode, ksefResource: 'invoice' })

const audited = (subject: string) =>
  api.query(
    `select action, outcome, details, actor, request_id is not null as asked from ksef_audit_log
      where subject = $1 and action like 'submission.%' order by at, id`,
    [subject],
  )
const rings = () => api.query(`select key from outbox where job = 'send-pending'`)

describe('an invoice', () => {
  test('that is rejected tells what is so in two languages, who must act, what to do, and KSeF’s own words', async () => {
    const id = await stand(await posted(), 'rejected', {
      code: 'KSEF_REJECTED',
      ksefCode: 450,
      ksefResource: 'invoice',
      description: 'Błąd weryfikacji semantyki dokumentu faktury',
      details: ['P_13_1'],
    })
    const { outcome, actions, links } = await read(id)
    expect(outcome).toEqual({
      code: 'KSEF_REJECTED',
      actor: 'company',
      retry: 'no',
      meaning: {
        pl: 'Treść faktury narusza reguły jej wzoru.',
        en: 'The content of the invoice breaks the rules of its form.',
      },
      whatToDo: { pl: expect.stringMatching(/^Popraw fakturę/), en: expect.stringMatching(/^Correct/) },
      ksef: { resource: 'invoice', code: 450, meaning: { pl: expect.any(String), en: expect.any(String) } },
      description: 'Błąd weryfikacji semantyki dokumentu faktury',
      details: ['P_13_1'],
    })
    expect([actions, Object.keys(links)]).toEqual([[], ['self', 'xml', 'pdf', 'html', 'qr']])
  })

  test('that waits after a try tells what stopped the try', async () => {
    const id = await stand(await posted(), 'pending', {
      code: 'DELIVERY_TRIES_AGAIN',
      ksefCode: 415,
      ksefResource: 'session',
    })
    expect((await read(id)).outcome).toMatchObject({
      code: 'DELIVERY_TRIES_AGAIN',
      actor: 'nobody',
      retry: 'automatic',
      ksef: { resource: 'session', code: 415, meaning: { pl: expect.stringMatching(/Klucza sesji/) } },
    })
  })

  test('with a reason of another version is told all the same', async () => {
    const id = await stand(await posted(), 'held', { code: 'A_CODE_OF_TOMORROW' })
    expect((await read(id)).outcome).toMatchObject({ code: 'A_CODE_OF_TOMORROW', actor: 'fleet' })
  })

  test('is found by the code of its reason', async () => {
    const id = await stand(await posted(), 'held', { code: 'DOCUMENT_CORRUPT' })
    await posted()
    const found = await api.call({ url: `${list()}?reason=DOCUMENT_CORRUPT` })
    expect(found.json().invoices.map((each: { id: string }) => each.id)).toEqual([id])
    const none = await api.call({ url: `${list()}?reason=DOCUMENT_CORRUPT&state=rejected` })
    expect(none.json().invoices).toEqual([])
  })
})

describe('holding', () => {
  test('keeps an invoice that waits, with a note, until it is released; both are in the audit log', async () => {
    const id = await posted()
    const held = await ask(`${id}/hold`, { note: 'Klient prosi o zwłokę' })
    expect([held.statusCode, held.body.state, held.body.actions]).toEqual([200, 'held', ['release']])
    expect(held.body.outcome).toMatchObject({
      code: 'HELD_BY_REQUEST',
      actor: 'provider',
      retry: 'helps-after',
      note: 'Klient prosi o zwłokę',
    })
    await api.query('delete from outbox')
    const released = await api.call({ method: 'POST', url: held.body.links.release, key: api.a.key })
    expect(released.json()).toMatchObject({ state: 'pending', outcome: { code: 'QUEUED' } })
    expect(await rings()).toHaveLength(1)
    expect(await audited(id)).toEqual([
      expect.objectContaining({ action: 'submission.hold', details: { reason: null }, asked: true }),
      expect.objectContaining({
        action: 'submission.release',
        details: { reason: 'HELD_BY_REQUEST' },
        actor: expect.stringMatching(/^key:/),
      }),
    ])
  })

  test('takes no body too, and no other field, and no note of several lines', async () => {
    const id = await posted()
    for (const json of [{ reason: 'x' }, { note: 'a\nb' }, { note: '' }, { note: 'x'.repeat(201) }])
      expect((await ask(`${id}/hold`, json)).statusCode, JSON.stringify(json)).toBe(400)
    expect((await read(id)).state).toBe('pending')
    expect((await ask(`${id}/hold`)).body).toMatchObject({ state: 'held' })
  })

  test.each([
    ['claimed', null, /BEING_SENT.*right now/],
    ['held', { code: 'KSEF_UNSETTLED' }, /held, KSEF_UNSETTLED/],
    ['rejected', { code: 'KSEF_REJECTED' }, /rejected, KSEF_REJECTED/],
  ] as const)('of a %s one is refused, with why, and changes nothing', async (state, reason, why) => {
    const id = await stand(await posted(), state, reason)
    const before = await api.counts()
    const answer = await ask(`${id}/hold`)
    expect([answer.statusCode, answer.body.code]).toEqual([409, 'SUBMISSION_NOT_PENDING'])
    expect(answer.body.detail).toMatch(why)
    expect([(await read(id)).state, await api.counts()]).toEqual([state, before])
    expect(await audited(id)).toEqual([])
  })

  test('of one that is asked for ten times at once happens once', async () => {
    const id = await posted()
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(`${id}/hold`)))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    expect(await audited(id)).toHaveLength(1)
  })

  test('of everything that waits counts it; releasing everything leaves what is held for another reason', async () => {
    await ask('release')
    await api.query(
      `update submissions set state = 'held', reason = '{"code":"KSEF_UNSETTLED"}' where state = 'pending'`,
    )
    const waiting = [await posted(), await posted()]
    const doubtful = await stand(await posted(), 'held', { code: 'KSEF_DUPLICATE_UNVERIFIED' })
    const other = await api.call({ url: `/v1/companies/${api.b.id}/invoices`, xml: invoiceOf(api.b.nip) })
    const count = async (path: string, json?: object) => (await ask(path, json)).body.count
    expect(await count('hold', { note: 'Inwentura' })).toBe(2)
    expect(await count('hold')).toBe(0)
    expect((await read(waiting[0]!)).outcome.note).toBe('Inwentura')
    const later = await posted()
    expect((await read(later)).state).toBe('pending')
    expect(await count('release')).toBe(2)
    expect((await read(doubtful)).state).toBe('held')
    const [own] = await api.query('select state from submissions where id = $1', [other.json().id])
    expect(own).toEqual({ state: 'pending' })
    expect((await audited(api.a.id)).map(({ action, details }) => [action, details])).toEqual(
      expect.arrayContaining([
        ['submission.hold-all', { held: 2 }],
        ['submission.release-all', { released: 2 }],
      ]),
    )
  })
})

describe('releasing', () => {
  test('is refused unless the invoice is held', async () => {
    const answer = await ask(`${await posted()}/release`)
    expect([answer.statusCode, answer.body.code]).toEqual([409, 'SUBMISSION_NOT_HELD'])
  })
})

describe('a retry', () => {
  test('of a rejection that lay outside the document sends the same bytes again', async () => {
    const id = await rejected(415)
    const before = await read(id)
    expect(before).toMatchObject({ actions: ['retry'], outcome: { retry: 'helps-after', actor: 'company' } })
    await api.query('delete from outbox')
    const retried = await api.call({ method: 'POST', url: before.links.retry, key: api.a.key })
    expect([retried.statusCode, retried.json()]).toMatchObject([
      200,
      { id, state: 'pending', invoiceHash: before.invoiceHash, outcome: { code: 'QUEUED' } },
    ])
    expect(await rings()).toHaveLength(1)
    expect(await audited(id)).toMatchObject([
      { action: 'submission.retry', outcome: 'ok', details: { reason: 'KSEF_REJECTED' }, asked: true },
    ])
  })

  test.each([
    [430, 'KSEF_REJECTED', /correct/i],
    [450, 'KSEF_REJECTED', /correct/i],
    [440, 'KSEF_DUPLICATE', /another number/],
  ])(
    'of a %d is pointless: it says what to do instead, and changes nothing',
    async (ksefCode, code, what) => {
      const id = await rejected(ksefCode, code)
      const before = await api.counts()
      const answer = await ask(`${id}/retry`)
      expect([answer.statusCode, answer.body.code]).toEqual([409, 'RETRY_POINTLESS'])
      expect(answer.body.detail).toMatch(what)
      expect([(await read(id)).state, await api.counts()]).toEqual(['rejected', before])
    },
  )

  test.each([
    ['pending', null],
    ['held', { code: 'KSEF_PERMISSION_MISSING' }],
  ] as const)('of a %s one is refused, with where it is', async (state, reason) => {
    const answer = await ask(`${await stand(await posted(), state, reason)}/retry`)
    expect([answer.statusCode, answer.body.code]).toEqual([409, 'SUBMISSION_NOT_REJECTED'])
    expect(answer.body.detail).toMatch(new RegExp(`^It is ${state}`))
  })

  test('asked for ten times at once happens once', async () => {
    const id = await rejected(415)
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(`${id}/retry`)))
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
    for (const { statusCode, body } of answers)
      if (statusCode !== 200) expect(body).toMatchObject({ code: 'SUBMISSION_NOT_REJECTED', status: 409 })
    expect(await audited(id)).toHaveLength(1)
  })

  test('whose number another invoice has taken names that one, and changes nothing', async () => {
    const id = await rejected(415, 'KSEF_REJECTED', invoiceOf(NIP_A, { number: 'FV/R/1' }))
    const newer = await posted(invoiceOf(NIP_A, { number: 'FV/R/1' }))
    const answer = await ask(`${id}/retry`)
    expect([answer.statusCode, answer.body.code]).toEqual([409, 'INVOICE_DUPLICATE'])
    const { existing } = answer.body
    expect(existing).toEqual({ id: newer, location: `${list()}/${newer}` })
    expect((await api.call({ url: existing.location, key: api.a.key })).json().id).toBe(newer)
    expect([(await read(id)).state, await audited(id)]).toEqual(['rejected', []])
  })

  test('of two rejected ones with one number is granted to one of them', async () => {
    const number = 'FV/R/2'
    const pair = [
      await rejected(415, 'KSEF_REJECTED', invoiceOf(NIP_A, { number })),
      await rejected(415, 'KSEF_REJECTED', invoiceOf(NIP_A, { number })),
    ]
    const answers = await Promise.all(pair.map((id) => ask(`${id}/retry`)))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409])
    const winner = answers.find(({ statusCode }) => statusCode === 200)?.body.id
    const loser = answers.find(({ statusCode }) => statusCode === 409)?.body
    expect(loser).toMatchObject({ code: 'INVOICE_DUPLICATE', existing: { id: winner } })
  })

  test('of another company’s invoice finds nothing', async () => {
    const id = await rejected(415)
    const key = api.b.key
    for (const url of [`${list()}/${id}/retry`, `/v1/companies/${api.b.id}/invoices/${id}/retry`])
      expect((await api.call({ method: 'POST', url, key })).statusCode).toBe(404)
    expect((await read(id)).state).toBe('rejected')
  })
})
