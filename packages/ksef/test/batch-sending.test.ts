// Whole packages against the simulator, over HTTP: the Ministry's side unpacks what we packed.

import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sampleInvoice } from '../src/documents/sample-invoice.ts'
import {
  type BatchSession,
  type CompressionType,
  FORMS,
  type KsefClient,
  meaningOfSessionStatus,
  newSessionKey,
  type PackedDocument,
  type PackedPackage,
  packInvoices,
  type Sealed,
  type SessionInvoice,
  splitUpo,
} from '../src/index.ts'
import { warsawDay } from '../src/wire-date.ts'
import { clientOf, type RunningSimulator, signInWithSeal, startSimulatorProcess, taken } from './simulator.ts'

const NIP = '5265877635'
const issueDate = warsawDay(new Date())

let simulator: RunningSimulator
let client: KsefClient
let access: Sealed<string>
let root: string
beforeAll(async () => {
  simulator = await startSimulatorProcess()
  client = clientOf(simulator)
  access = (await signInWithSeal(client, NIP)).accessToken.token
  root = await mkdtemp(join(tmpdir(), 'batch-sending-'))
})
afterAll(async () => {
  await client?.close()
  await simulator?.[Symbol.asyncDispose]()
  if (root !== undefined) await rm(root, { recursive: true })
})

let named = 0
async function* invoices(series: string, count: number) {
  for (let index = 1; index <= count; index++) {
    const number = `${series}/${index}`
    const request = { form: 'FA (3)', sellerNip: NIP, buyerNip: '7980332920', number, issueDate } as const
    yield { fileName: `${index}.xml`, xml: sampleInvoice(request) }
  }
}

type Made = {
  packed: PackedPackage
  documents: PackedDocument[]
  session: BatchSession
  remake: () => Promise<PackedPackage>
}

async function openedPackage(
  count: number,
  compression: CompressionType,
  partBytesMax = 100_000_000,
): Promise<Made> {
  const [key, series] = [newSessionKey(randomBytes), `B${++named}`]
  const documents: PackedDocument[] = []
  const make = (place: string, onDocument: (document: PackedDocument) => void = () => {}) =>
    packInvoices({
      documents: invoices(series, count),
      compression,
      key,
      partBytesMax,
      directory: join(root, place),
      onDocument,
    })
  const packed = await make(series, (one) => documents.push(one))
  const opened = client.batchSession.open(access, { formCode: FORMS['FA (3)'].code, key, package: packed })
  return { packed, documents, session: taken(await opened), remake: () => make(`${series}-again`) }
}

async function uploadAll({ parts }: PackedPackage, { partUploads }: BatchSession): Promise<void> {
  const uploads = parts.map((part) => {
    const to = partUploads.find(({ ordinalNumber }) => ordinalNumber === part.ordinalNumber)
    if (to === undefined) throw new Error(`nobody told where part ${part.ordinalNumber} goes`)
    return client.batchSession.uploadPart(to, part)
  })
  for (const upload of await Promise.all(uploads)) taken(upload)
}

async function settled(reference: string) {
  for (;;) {
    const status = taken(await client.sessions.status(access, reference))
    if (meaningOfSessionStatus(status.status.code).outcome !== 'pending') return status
    await sleep(200)
  }
}

async function everyInvoice(reference: string): Promise<SessionInvoice[]> {
  const found: SessionInvoice[] = []
  let continuationToken: string | undefined
  do {
    const page = { pageSize: 1000, ...(continuationToken === undefined ? {} : { continuationToken }) }
    const listed = taken(await client.sessions.invoices(access, reference, page))
    found.push(...listed.invoices)
    continuationToken = listed.continuationToken
  } while (continuationToken !== undefined)
  return found
}

const control = async (path: string, method: string, body?: object): Promise<void> => {
  const answer = await fetch(`${new URL(simulator.url).origin}/_simulator${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
}

test.each([
  ['TarGz', 1200, 100_000_000],
  ['TarGz', 300, 4_000],
  ['Zip', 150, 100_000_000],
  ['Zip', 150, 40_000],
] as const)(
  'a package as %s of %i invoices in parts of %i bytes is registered to the last invoice',
  async (compression, count, partBytesMax) => {
    const { packed, documents, session } = await openedPackage(count, compression, partBytesMax)
    if (partBytesMax < 100_000_000) expect(packed.parts.length).toBeGreaterThan(1)
    expect(session.partUploads).toHaveLength(packed.parts.length)
    await uploadAll(packed, session)
    const reference = session.referenceNumber
    expect(await client.batchSession.close(access, reference)).toEqual({ ok: true, value: 'closed' })
    const status = await settled(reference)
    expect(status).toMatchObject({ status: { code: 200 }, successfulInvoiceCount: count })

    const listed = await everyInvoice(reference)
    const byHash = new Map(listed.map((invoice) => [invoice.invoiceHash, invoice]))
    expect(documents).toHaveLength(count)
    for (const document of documents)
      expect(byHash.get(document.invoiceHash)).toMatchObject({
        status: { code: 200 },
        invoiceFileName: document.fileName,
        ksefNumber: expect.any(String),
      })

    const [page] = status.upoPages
    const upo = taken(await client.upo.download(page?.downloadUrl ?? ''))
    const split = splitUpo(upo.xml)
    if (!split.ok) throw new Error(JSON.stringify(split.refusal))
    expect(new Map(split.documents.map((one) => [one.invoiceHash, one.ksefNumber]))).toEqual(
      new Map(listed.map((invoice) => [invoice.invoiceHash, invoice.ksefNumber])),
    )
    expect(split.sessionReferenceNumber).toBe(reference)
    expect(await client.batchSession.close(access, reference)).toEqual({ ok: true, value: 'already-closed' })
  },
)

test('a receipt cut out of the page is the one KSeF gives for the invoice', async () => {
  const { packed, session } = await openedPackage(3, 'TarGz')
  await uploadAll(packed, session)
  taken(await client.batchSession.close(access, session.referenceNumber))
  const { upoPages } = await settled(session.referenceNumber)
  const split = splitUpo(taken(await client.upo.download(upoPages[0]?.downloadUrl ?? '')).xml)
  const listed = await everyInvoice(session.referenceNumber)
  for (const { invoiceHash, referenceNumber } of listed) {
    const own = taken(await client.upo.ofInvoice(access, session.referenceNumber, referenceNumber))
    const excerpt = split.ok ? split.documents.find((one) => one.invoiceHash === invoiceHash) : undefined
    expect(Buffer.from(excerpt?.xml ?? [])).toEqual(Buffer.from(own.xml))
  }
})

test('an upload that was reset is made again, and the rest goes on from there', async () => {
  const { packed, session } = await openedPackage(200, 'TarGz', 2_000)
  const first = packed.parts[0]!
  for (const mode of ['reset-before-effect', 'drop-answer-after-effect']) {
    await control('/faults', 'POST', { operation: 'PUT /storage/batch', mode, times: 1 })
    const broken = await client.batchSession.uploadPart(session.partUploads[0]!, first)
    expect(broken).toMatchObject({ ok: false, failure: { kind: 'no-answer', effect: 'none' } })
  }
  taken(await client.batchSession.uploadPart(session.partUploads[0]!, first))
  const early = await client.batchSession.close(access, session.referenceNumber)
  expect(early).toMatchObject({ failure: { code: 'BATCH_PART_MISSING', effect: 'none' } })
  await uploadAll({ ...packed, parts: packed.parts.slice(1) }, session)
  expect(await client.batchSession.close(access, session.referenceNumber)).toEqual({
    ok: true,
    value: 'closed',
  })
  expect(await settled(session.referenceNumber)).toMatchObject({
    status: { code: 200 },
    successfulInvoiceCount: 200,
  })
})

test('a package whose files are gone is made again for the session that was opened for it', async () => {
  const { packed, session, remake } = await openedPackage(120, 'TarGz', 2_000)
  const before = await Promise.all(packed.parts.map(({ path }) => readFile(path)))
  await Promise.all(packed.parts.map(({ path }) => rm(path)))
  expect(await client.batchSession.uploadPart(session.partUploads[0]!, packed.parts[0]!)).toMatchObject({
    failure: { code: 'PART_FILE_LOST' },
  })
  const again = await remake()
  expect(await Promise.all(again.parts.map(({ path }) => readFile(path)))).toEqual(before)
  await uploadAll(again, session)
  taken(await client.batchSession.close(access, session.referenceNumber))
  expect(await settled(session.referenceNumber)).toMatchObject({ successfulInvoiceCount: 120 })
})

test('bytes other than the declared ones end the session, and of another size cannot be closed', async () => {
  const { packed, session } = await openedPackage(5, 'TarGz')
  const [part, to] = [packed.parts[0]!, session.partUploads[0]!]
  const bytes = await readFile(part.path)
  taken(await client.batchSession.uploadPart(to, bytes.subarray(16)))
  expect(await client.batchSession.close(access, session.referenceNumber)).toMatchObject({
    failure: { code: 'BATCH_PART_SIZE_MISMATCH', effect: 'none' },
  })
  taken(
    await client.batchSession.uploadPart(
      to,
      bytes.map((byte) => byte ^ 1),
    ),
  )
  expect(await client.batchSession.close(access, session.referenceNumber)).toMatchObject({ value: 'closed' })
  const { status } = await settled(session.referenceNumber)
  expect(status.code).toBe(405)
  expect(meaningOfSessionStatus(status.code)).toMatchObject({ outcome: 'refused', again: 'new-session' })
})

test('after the close nothing is taken any more, and the session is found in the list', async () => {
  const { packed, session } = await openedPackage(2, 'TarGz')
  await uploadAll(packed, session)
  taken(await client.batchSession.close(access, session.referenceNumber))
  await settled(session.referenceNumber)
  const late = await client.batchSession.uploadPart(session.partUploads[0]!, packed.parts[0]!)
  expect(late).toMatchObject({ failure: { code: 'PART_UPLOAD_EXPIRED', effect: 'none' } })

  const listed: string[] = []
  let continuationToken: string | undefined
  do {
    const more = continuationToken === undefined ? {} : { continuationToken }
    const filter = { sessionType: 'Batch', pageSize: 10, dateCreatedFrom: new Date(0), ...more } as const
    const page = taken(await client.sessions.list(access, filter))
    listed.push(...page.sessions.map(({ referenceNumber }) => referenceNumber))
    continuationToken = page.continuationToken
  } while (continuationToken !== undefined)
  expect(listed).toContain(session.referenceNumber)
  const online = taken(await client.sessions.list(access, { sessionType: 'Online' }))
  expect(online.sessions).toEqual([])
})
