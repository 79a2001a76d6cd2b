/** Batches as large as callers make them, and what a kill in the middle of one leaves. */
import { readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Answer } from '../../src/fleet/api-client.ts'
import { apiOverDatabase, type RunningApi } from './api-process.ts'
import { tarGzOf } from './crowd.ts'

const NIP = '5265877635'
const WITHIN_MS = 300_000
const MEGABYTE = 1_000_000

type BatchView = { id: string; invoiceCount: number; states: Record<string, number>; refusedFiles: number }

let stage: Awaited<ReturnType<typeof apiOverDatabase>>
let running: RunningApi
let companyId: string
beforeAll(async () => {
  stage = await apiOverDatabase()
  running = await stage.start()
  companyId = await stage.company(running, NIP)
})
afterAll(() => stage?.[Symbol.asyncDispose]())

const post = (body: Uint8Array, key = crypto.randomUUID()): Promise<Answer<BatchView>> =>
  running.api.call('POST', `/v1/companies/${companyId}/batches`, {
    body,
    headers: { 'content-type': 'application/gzip', 'idempotency-key': key },
  })

async function residentBytes(): Promise<number> {
  const text = await (await fetch(`${running.url}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1])
}

/** How far memory rose above where it was, at its height, while `work` ran. */
async function growthDuring<T>(work: () => Promise<T>): Promise<{ result: T; growth: number }> {
  const before = await residentBytes()
  let height = before
  let done = false
  const watching = (async () => {
    while (!done) {
      height = Math.max(height, await residentBytes())
      await sleep(50)
    }
  })()
  try {
    return { result: await work(), growth: height - before }
  } finally {
    done = true
    await watching
  }
}

const rows = async () => {
  const [counted] = await stage.query(
    `select (select count(*)::int from batches) as batches,
            (select count(*)::int from submissions) as submissions,
            (select count(*)::int from ksef_documents_raw) as documents,
            (select count(*)::int from idempotency_keys) as keys,
            (select count(*)::int from outbox where job = 'send-pending') as rings`,
  )
  return counted
}

describe('ten thousand invoices', () => {
  test(
    'in one upload are accepted together, whoever asks meanwhile is answered, and memory stays flat',
    async () => {
      const upload = await tarGzOf({ sellerNip: NIP, prefix: 'A', count: 10_000 })
      // What a process keeps once it has worked at all is not what the upload costs.
      await post(await tarGzOf({ sellerNip: NIP, prefix: 'warm', count: 500 }))
      let answered = 0
      const { result, growth } = await growthDuring(async () => {
        const posted = post(upload)
        let done = false
        const noted = posted.finally(() => {
          done = true
        })
        while (!done) {
          if ((await running.api.get(`/v1/companies/${companyId}`)).status === 200) answered += 1
          await sleep(20)
        }
        return noted
      })
      expect(result.status, JSON.stringify(result.body)).toBe(202)
      expect(result.body.invoiceCount).toBe(10_000)
      expect(answered).toBeGreaterThan(10)
      expect(growth / MEGABYTE).toBeLessThan(250)
      const read = await running.api.get<BatchView>(`/v1/companies/${companyId}/batches/${result.body.id}`)
      expect(read.body.states.pending).toBe(10_000)
    },
    WITHIN_MS,
  )

  test(
    'of a third of a gigabyte are examined to the last, which is the bad one, in the memory of a few',
    async () => {
      const crowd = { sellerNip: NIP, prefix: 'B', count: 10_000, padToBytes: 35_000 }
      const upload = await tarGzOf(crowd, { name: 'last.xml', content: '<Faktura/>' })
      const before = await rows()
      const { result, growth } = await growthDuring(() => post(upload))
      expect(result.status, JSON.stringify(result.body).slice(0, 500)).toBe(422)
      expect(result.body.refusedFiles).toBe(1)
      expect(growth / MEGABYTE).toBeLessThan(250)
      expect(await rows()).toEqual(before)
    },
    WITHIN_MS,
  )
})

describe('a kill', () => {
  const storing = `select count(*)::int as n from pg_locks join pg_class on pg_class.oid = relation
    where relname = 'submissions' and mode = 'RowExclusiveLock'
    and database = (select oid from pg_database where datname = current_database())`
  const isStoring = async () => (await stage.query(storing))[0]?.n !== 0

  test(
    'while a batch is stored leaves nothing of it, and the same request then brings it once',
    async () => {
      const upload = await tarGzOf({ sellerNip: NIP, prefix: 'C', count: 10_000 })
      const key = crypto.randomUUID()
      const before = await rows()
      const broken = post(upload, key).catch((error: unknown) => error)
      while (!(await isStoring())) await sleep(5)
      await running.process.kill()
      expect(await broken).toBeInstanceOf(Error)
      while (await isStoring()) await sleep(20)
      expect(await rows()).toEqual(before)

      running = await stage.start()
      const again = await post(upload, key)
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, null])
      const replay = await post(upload, key)
      expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([202, 'true'])
      expect(replay.body.id).toBe(again.body.id)
      const [counted] = await stage.query(
        `select count(*)::int as n from submissions where number like 'C/%'`,
      )
      expect(counted).toEqual({ n: 10_000 })
    },
    WITHIN_MS,
  )

  test('while an upload arrives leaves no file, and what an older one left is swept at the start', async () => {
    const before = await rows()
    const socket = connect(Number(new URL(running.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      [
        `POST /v1/companies/${companyId}/batches HTTP/1.1`,
        'Host: fleet',
        `Authorization: Bearer ${stage.key}`,
        'Content-Type: application/gzip',
        'Content-Length: 1000000',
        '',
        '',
      ].join('\r\n'),
    )
    socket.write(Buffer.alloc(300_000))
    await sleep(300)
    await running.process.kill()
    expect(readdirSync(stage.spool)).toEqual([])
    writeFileSync(join(stage.spool, `upload-${crypto.randomUUID()}.spool`), 'of a process that died at once')
    running = await stage.start()
    expect(readdirSync(stage.spool)).toEqual([])
    expect(await rows()).toEqual(before)
  })
})
