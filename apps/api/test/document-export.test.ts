import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { CompanyId, exportDocuments, receivedDocument } from '@ksef-fleet/core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { zipOf } from '../src/exports/zip-of-documents.ts'
import { type RunningApi, startApi } from './running-api.ts'
import { listen } from './wire.ts'

let api: RunningApi
let port: number
beforeAll(async () => {
  api = await startApi()
  port = await listen(api.app)
  await receive(EXPORTED)
}, 60_000)
afterAll(() => api?.[Symbol.asyncDispose]())

let serial = 0
const EXPORTED = 150
/** Hardly to be compressed, so that the archive is as large as what is in it. */
const noise = () => randomBytes(75_000).toString('base64').replaceAll('-', '')

async function receive(count: number): Promise<void> {
  const company = CompanyId.parse(api.a.id)
  for (let at = 0; at < count; at += 50) {
    const documents = Array.from({ length: 50 }, () =>
      receivedDocument(
        { environment: 'test', newId: randomUUID },
        {
          role: 'Subject2',
          ksefNumber: `7777777777-20261120-${String(++serial).padStart(12, '0')}-0A`,
          content: Buffer.from(
            `<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/"><!--${noise()}--></Faktura>`,
          ),
          metadata: null,
        },
      ),
    )
    await api.deps.db.withCompany(company, (tx) => tx.documents.insertReceived(documents))
  }
}

const ask = async () => {
  const request = get({
    port,
    path: `/v1/companies/${api.a.id}/documents/export`,
    headers: { authorization: `Bearer ${api.a.key}` },
    agent: false,
  })
  const [answer] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
  return { request, answer }
}

test('an archive far larger than what may be in memory arrives whole', async () => {
  const { answer } = await ask()
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/zip'])
  let bytes = 0
  let end = Buffer.alloc(0)
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    end = Buffer.concat([end, chunk]).subarray(-22)
  }
  expect(answer.complete).toBe(true)
  expect(bytes).toBeGreaterThan(10_000_000)
  // The end of the central directory: how many files there are.
  expect(end.readUInt32LE(0)).toBe(0x06054b50)
  expect(end.readUInt16LE(10)).toBe(1 + EXPORTED)
}, 60_000)

test('what nobody reads makes no more than a few documents be loaded', async () => {
  const companyId = CompanyId.parse(api.a.id)
  const exported = await exportDocuments(api.deps, { companyId, filter: {} })
  let loaded = 0
  const documents = async function* () {
    for await (const group of exported.documents()) {
      loaded += group.length
      yield group
    }
  }
  const archive = zipOf({ ...exported, documents }, (error) => {
    throw error
  })
  await once(archive, 'readable')
  await vi.waitFor(() => expect(loaded).toBeGreaterThan(0), 30_000)
  await sleep(500)
  // Some eight megabytes at once, of fifteen, and the group that waits behind it never.
  const waiting = loaded
  expect(waiting).toBeLessThan(EXPORTED)
  archive.destroy()
  await sleep(500)
  expect(loaded).toBe(waiting)
}, 60_000)

test('whoever goes away in the middle is no failure of the archive', async () => {
  const { request, answer } = await ask()
  await once(answer, 'data')
  answer.destroy()
  await once(request, 'close')
  expect((await api.call({ url: `/v1/companies/${api.a.id}` })).statusCode).toBe(200)
  expect(api.lines.filter((line) => line.includes('export.failed'))).toEqual([])
}, 60_000)

test('a document that is not what was stored ends the archive early, and the log says why', async () => {
  await api.query('alter table ksef_documents_raw disable trigger user')
  await api.query(`update ksef_documents_raw set content = 'x' where id =
    (select document_id from ksef_documents order by created_at, document_id limit 1)`)
  await api.query('alter table ksef_documents_raw enable trigger user')
  const { answer } = await ask()
  const read = async () => {
    for await (const _ of answer);
  }
  await expect(read()).rejects.toThrow('aborted')
  expect(api.lines.filter((line) => line.includes('export.failed'))).toHaveLength(1)
}, 60_000)
