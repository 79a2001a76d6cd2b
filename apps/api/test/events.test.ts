import { setTimeout as sleep } from 'node:timers/promises'
import { CompanyId, createApiKey, EVENT_TYPES, type FleetEvent, placeEvents } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningApi, startApi } from './running-api.ts'

let api: RunningApi
let baseUrl: string
beforeAll(async () => {
  api = await startApi()
  baseUrl = await api.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => api?.[Symbol.asyncDispose]())

const event = (subject: string): FleetEvent => ({
  type: 'integration.revoked',
  subject,
  key: subject,
  data: { held: 0 },
})

async function tell(companyId: string, ...subjects: string[]): Promise<void> {
  await api.deps.db.withCompany(CompanyId.parse(companyId), (tx) => tx.events.addAll(subjects.map(event)))
  await placeEvents(api.deps.db)
}

type Told = { id: string; type: string; subject: string; sequence: number }

async function newParty(): Promise<{ id: string; key: string; keyId: string }> {
  const nip = String(5_000_000_000 + Math.floor(Math.random() * 1e9))
  const { id } = (await api.call({ url: '/v1/companies', json: { nip, name: 'Firma' } })).json()
  const made = await createApiKey(api.deps, { companyId: CompanyId.parse(id), name: 'own', actor: 'test' })
  return { id, key: made.key, keyId: made.apiKey.id }
}

describe('the list of events', () => {
  test('is followed by `next` to its end, and says what came later the next time', async () => {
    const { id, key } = await newParty()
    await tell(id, 'a', 'b', 'c')
    const read = async (after: number) =>
      (await api.call({ url: `/v1/companies/${id}/events?limit=2&after=${after}`, key })).json()
    const first = await read(0)
    expect(first).toMatchObject({ next: 2, hasMore: true })
    const second = await read(first.next)
    expect(second).toMatchObject({ next: 3, hasMore: false })
    expect(await read(second.next)).toEqual({ events: [], next: 3, hasMore: false })
    await tell(id, 'd')
    const third = await read(second.next)
    const all: Told[] = [first, second, third].flatMap(({ events }) => events)
    expect(all.map(({ subject, sequence }) => `${sequence} ${subject}`)).toEqual(['1 a', '2 b', '3 c', '4 d'])
    expect(all[0]).toEqual({
      id: `evt_${id}_1`,
      type: 'integration.revoked',
      version: 1,
      timestamp: expect.stringMatching(/Z$/),
      companyId: id,
      sequence: 1,
      subject: 'a',
      data: { held: 0 },
    })
  })

  test('goes on behind events of types that were not asked for', async () => {
    const { id, key } = await newParty()
    await tell(id, 'a', 'b')
    const url = `/v1/companies/${id}/events?types=invoice.registered,invoice.held`
    expect((await api.call({ url, key })).json()).toEqual({ events: [], next: 2, hasMore: false })
  })

  test('of the provider holds every company’s, and one company’s where asked', async () => {
    const [one, other] = [await newParty(), await newParty()]
    await tell(one.id, `1-${one.id}`)
    await tell(other.id, `2-${other.id}`)
    const read = async (query: string) =>
      (await api.call({ url: `/v1/events?limit=200${query}` })).json().events as Told[]
    const subjects = (await read('')).map(({ subject }) => subject)
    expect(subjects).toEqual(expect.arrayContaining([`1-${one.id}`, `2-${other.id}`]))
    const own = await read(`&companyId=${other.id}`)
    expect(own.map(({ subject }) => subject)).toEqual([`2-${other.id}`])
  })

  test.each(['after=-1', 'after=x', 'types=invoice.unknown', 'types=', 'limit=0', 'companyId=x'])(
    'refuses %s',
    async (query) => {
      const answer = await api.call({ url: `/v1/companies/${api.a.id}/events?${query}`, key: api.a.key })
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
    },
  )

  test('is described with the form of every type’s data', async () => {
    const { components } = (await api.call({ url: '/openapi.json', key: null })).json()
    const types = Object.values(
      components.schemas as Record<string, { properties?: { type?: { const?: string } } }>,
    )
      .map(({ properties }) => properties?.type?.const)
      .filter((type) => type !== undefined)
    expect(types).toEqual(expect.arrayContaining(Object.keys(EVENT_TYPES)))
    expect(components.schemas.InvoiceRegisteredEvent.properties.data.properties).toHaveProperty('ksefNumber')
  })
})

/** Reads a stream until `enough`, and leaves. */
async function listen(
  url: string,
  { key, lastEventId, enough }: { key: string; lastEventId?: string; enough: (told: Heard) => boolean },
): Promise<Heard> {
  const leave = new AbortController()
  const headers = { authorization: `Bearer ${key}`, ...(lastEventId && { 'last-event-id': lastEventId }) }
  const answer = await fetch(`${baseUrl}${url}`, { headers, signal: leave.signal })
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const heard: Heard = { events: [], ids: [], comments: 0, ended: false }
  let text = ''
  try {
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString()
      const frames = text.split('\n\n')
      text = frames.pop() ?? ''
      for (const frame of frames) hear(frame, heard)
      if (enough(heard)) return heard
    }
    heard.ended = true
    return heard
  } finally {
    leave.abort()
  }
}

type Heard = { events: Told[]; ids: string[]; comments: number; ended: boolean }

function hear(frame: string, heard: Heard): void {
  for (const line of frame.split('\n')) {
    if (line.startsWith('id: ')) heard.ids.push(line.slice(4))
    if (line.startsWith('data: ')) heard.events.push(JSON.parse(line.slice(6)))
    if (line.startsWith(':')) heard.comments++
  }
}

const has = (count: number) => (heard: Heard) => heard.events.length >= count

describe('the stream of events', () => {
  test('tells what happens from now on, and all of it where asked', async () => {
    const { id, key } = await newParty()
    await tell(id, 'before')
    const now = listen(`/v1/companies/${id}/events/stream`, { key, enough: has(1) })
    await expect.poll(() => api.deps.streams.count).toBe(1)
    await tell(id, 'after')
    expect((await now).events.map(({ subject }) => subject)).toEqual(['after'])
    const all = await listen(`/v1/companies/${id}/events/stream?after=0`, { key, enough: has(2) })
    expect(all.events.map(({ subject }) => subject)).toEqual(['before', 'after'])
    await expect.poll(() => api.deps.streams.count).toBe(0)
  })

  test('loses and doubles nothing for who comes and goes, while transactions commit late', async () => {
    const { id, key } = await newParty()
    let isWriting = true
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; number < 40; number++) {
        await api.deps.db.withCompany(CompanyId.parse(id), async (tx) => {
          await tx.events.add(event(`${writer}-${number}`))
          if (number % 4 === writer) await sleep(10)
        })
      }
    })
    const placing = (async () => {
      while (isWriting) await placeEvents(api.deps.db)
    })()
    const heard: Told[] = []
    const reading = (async () => {
      let lastEventId = '0'
      while (heard.length < 160) {
        // Breaks off in the middle again and again, and goes on after the last that arrived.
        const url = `/v1/companies/${id}/events/stream`
        const part = await listen(url, {
          key,
          lastEventId,
          enough: has(Math.min(1 + (heard.length % 23), 160 - heard.length)),
        })
        heard.push(...part.events)
        lastEventId = part.ids.at(-1) ?? lastEventId
      }
    })()
    await Promise.all(writers)
    await reading
    isWriting = false
    await placing
    expect(heard.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 160 }, (_, at) => at + 1))
    expect(new Set(heard.map(({ subject }) => subject)).size).toBe(160)
  })

  test('for the provider tells of every company, under ids of its own log', async () => {
    const { id } = await newParty()
    const head = (await api.call({ url: '/v1/events?after=0&limit=200' })).json().next
    await tell(id, 'x', 'y')
    const heard = await listen('/v1/events/stream', {
      key: api.providerKey,
      lastEventId: String(head),
      enough: has(2),
    })
    expect(heard.events.map(({ subject }) => subject)).toEqual(['x', 'y'])
    expect(heard.ids.slice(1)).toEqual([String(head + 1), String(head + 2)])
  })

  test('keeps the connection alive, and ends when it was to', async () => {
    const { id, key } = await newParty()
    const heard = await listen(`/v1/companies/${id}/events/stream?seconds=1`, { key, enough: () => false })
    expect(heard.ended).toBe(true)
    expect(heard.comments).toBeGreaterThan(0)
  })

  test('ends when its key is revoked', async () => {
    const { id, key, keyId } = await newParty()
    const listening = listen(`/v1/companies/${id}/events/stream`, { key, enough: () => false })
    await expect.poll(() => api.deps.streams.count).toBe(1)
    await api.call({ url: `/v1/api-keys/${keyId}`, method: 'DELETE' })
    expect((await listening).ended).toBe(true)
  })

  test('is refused beyond as many as the process serves', async () => {
    const { id, key } = await newParty()
    const leave = new AbortController()
    const headers = { authorization: `Bearer ${key}` }
    const url = `${baseUrl}/v1/companies/${id}/events/stream`
    const open = await Promise.all(
      Array.from({ length: 8 }, () => fetch(url, { headers, signal: leave.signal })),
    )
    expect(open.map(({ status }) => status)).toEqual(Array(8).fill(200))
    const refused = await fetch(url, { headers })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.json()).toMatchObject({ code: 'STREAMS_TOO_MANY' })
    leave.abort()
    await expect.poll(() => api.deps.streams.count).toBe(0)
  })

  test('refuses a Last-Event-ID that is no place of the log', async () => {
    const answer = await api.call({
      url: `/v1/companies/${api.a.id}/events/stream`,
      key: api.a.key,
      headers: { 'last-event-id': 'evt_1' },
    })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID'])
  })

  test('ends with the server, which does not wait for it', async () => {
    const own = await startApi()
    const url = await own.app.listen({ host: '127.0.0.1', port: 0 })
    const headers = { authorization: `Bearer ${own.a.key}` }
    const answer = await fetch(`${url}/v1/companies/${own.a.id}/events/stream`, { headers })
    const rest = answer.text()
    await own[Symbol.asyncDispose]()
    expect(await rest).toContain('retry: ')
  })
})
