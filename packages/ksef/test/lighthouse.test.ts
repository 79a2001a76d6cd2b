// The lighthouse of the simulator, and what a real one did to its readers (ksef-latarnia, issues 15, 28, 31 and 34).

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CallRecord, createLighthouseClient, deadlineOf, outagesOf } from '../src/index.ts'
import { type Answer, json, startLocalServer } from './local-server.ts'
import { type RunningSimulator, startSimulatorProcess, taken } from './simulator.ts'

let simulator: RunningSimulator
beforeAll(async () => {
  simulator = await startSimulatorProcess()
})
afterAll(() => simulator[Symbol.asyncDispose]())

const origin = (): string => new URL(simulator.url).origin

async function show(status: string, messages: readonly object[] = []): Promise<void> {
  const answer = await fetch(`${origin()}/_simulator/lighthouse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status, messages }),
  })
  expect(answer.status).toBe(204)
}

const started = {
  id: 'K/2026/AWR/01',
  eventId: 1002,
  category: 'FAILURE',
  type: 'FAILURE_START',
  title: 'Wystąpiła awaria',
  text: 'Trwa awaria.',
  start: '2026-07-09T08:00:00Z',
  version: 1,
  published: '2026-07-09T08:15:00Z',
}
const over = {
  ...started,
  id: 'K/2026/AWR/02',
  type: 'FAILURE_END',
  end: '2026-07-11T10:00:00Z',
  published: '2026-07-11T10:05:00Z',
}

test('a failure is seen from its start to its end, and moves a deadline', async () => {
  const calls: CallRecord[] = []
  const lighthouse = createLighthouseClient({ baseUrl: `${origin()}/`, onCall: (call) => calls.push(call) })
  expect(taken(await lighthouse.status())).toEqual({ status: 'AVAILABLE', messages: [] })
  expect(taken(await lighthouse.messages())).toEqual([])

  const deadline = async () =>
    deadlineOf({
      mode: 'offline24',
      issuedOn: '2026-07-08',
      outages: outagesOf(taken(await lighthouse.messages())),
    })
  expect(await deadline()).toMatchObject({ kind: 'by', day: '2026-07-09' })

  await show('FAILURE', [started])
  const { status, messages } = taken(await lighthouse.status())
  expect(status).toBe('FAILURE')
  expect(messages).toMatchObject([{ eventId: '1002', start: new Date('2026-07-09T08:00:00Z'), end: null }])
  expect(await deadline()).toEqual({ kind: 'open', because: 'failure-lasts' })

  await show('AVAILABLE', [over])
  expect(await deadline()).toMatchObject({ kind: 'by', day: '2026-07-21', because: 'failure-ended' })
  expect(new Set(calls.map(({ operation }) => operation))).toEqual(
    new Set(['getLighthouseStatus', 'listLighthouseMessages']),
  )
  await lighthouse.close()
  await lighthouse.close()
})

async function answering(answer: Answer) {
  const server = await startLocalServer({ 'GET /status': answer, 'GET /messages': answer })
  const lighthouse = createLighthouseClient({ baseUrl: server.url })
  return {
    lighthouse,
    async [Symbol.asyncDispose]() {
      await lighthouse.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('one message of another kind, or without its members, does not hide the others', async () => {
  await using dark = await answering(
    json(200, [{ ...started, category: 'FLOOD' }, { id: 1 }, { ...started, end: null }]),
  )
  expect(taken(await dark.lighthouse.messages())).toHaveLength(1)
})

test('a lighthouse that is out of reach itself, or says what nobody knows, is a failure and no word of KSeF', async () => {
  {
    await using dark = await answering((response) => response.writeHead(502).end('<html>Bad Gateway</html>'))
    expect(await dark.lighthouse.status()).toMatchObject({
      ok: false,
      failure: { kind: 'server', httpStatus: 502 },
    })
  }
  await using odd = await answering(json(200, { status: 'FOGGY' }))
  expect(await odd.lighthouse.status()).toMatchObject({ ok: false, failure: { kind: 'unreadable' } })
})

test('only http and https are addresses of a lighthouse', () => {
  expect(() => createLighthouseClient({ baseUrl: 'ftp://latarnia.example' })).toThrow(TypeError)
})
