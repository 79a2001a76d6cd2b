/** What becomes of documents once they are here: read, exported, erased, and kept from coming back. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eraseDocument, type ReceivedDocument, receivedDocument, retrySubmission } from '@ksef-fleet/core'
import { readZip } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Connected,
  type DeliveryFleet,
  invoiceOf,
  startDeliveryFleet,
  today,
} from '../delivery/delivery-fleet.ts'
import { drive } from '../delivery/drive.ts'
import { type ApiInFront, apiInFrontOf } from '../tenancy/api-in-front.ts'

let fleet: DeliveryFleet
let api: ApiInFront
let seller: Connected
let buyer: Connected
const sent = new Map<string, Uint8Array>()

type Document = {
  id: string
  number: string
  ksefNumber: string
  hash: string
  links: Record<string, string>
}

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  api = await apiInFrontOf(fleet)
  seller = await fleet.company()
  buyer = await fleet.company()
  for (let at = 1; at <= 4; at++) {
    const number = `=1+${at}; "Zażółć", sp. z o.o./2026`
    const xml = invoiceOf(seller.nip, number, buyer.nip)
    sent.set(number, xml)
    await fleet.accept(seller.id, xml, at <= 2 ? 'immediate' : 'batch')
  }
  await drive(fleet, [fleet.worker()], { companies: [seller.id] })
}, 120_000)
afterAll(async () => {
  await api?.[Symbol.asyncDispose]()
  await fleet?.close()
})

const at = ({ id }: Connected, rest = '') => `/v1/companies/${id}/documents${rest}`

async function list(of: Connected, query = ''): Promise<Document[]> {
  const { status, body, text } = await api.call(at(of, query))
  expect(status, text).toBe(200)
  return body.documents as Document[]
}

/** As a sync would store what KSeF gives out. */
const receive = (of: Connected, role: ReceivedDocument['role'], documents: readonly Document[]) =>
  fleet.db.withCompany(of.id, (tx) =>
    tx.documents.insertReceived(
      documents.map(({ ksefNumber, number }) =>
        receivedDocument(
          { environment: 'test', newId: randomUUID },
          { role, ksefNumber, content: sent.get(number) ?? new Uint8Array(), metadata: null },
        ),
      ),
    ),
  )

async function unzip(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  const folder = await mkdtemp(join(tmpdir(), 'export-'))
  const path = join(folder, 'documents.zip')
  await writeFile(path, bytes)
  const file = await open(path)
  try {
    const bounds = { filesMax: 1_000, totalBytesMax: 10_000_000, fileBytesMax: 3_000_000 }
    const files = new Map<string, Buffer>()
    for await (const { name, content } of readZip(file, bounds)) files.set(name, Buffer.from(content ?? []))
    return files
  } finally {
    await file.close()
    await rm(folder, { recursive: true })
  }
}

test('what was sent, singly and in a package, stands in the register with its KSeF number and UPO', async () => {
  const documents = await list(seller, '?direction=outgoing&registered=true')
  expect(documents.map(({ number }) => number).sort()).toEqual([...sent.keys()].sort())
  for (const { number, ksefNumber, links } of documents) {
    const xml = await api.call(links.xml ?? '')
    expect(Buffer.compare(xml.bytes, sent.get(number) ?? Buffer.alloc(0))).toBe(0)
    const upo = await api.call(links.upo ?? '')
    expect(upo.text).toContain(ksefNumber)
    const invoice = await api.call(links.invoice ?? '')
    expect(invoice.body).toMatchObject({ state: 'receipted', ksefNumber })
    expect((await api.call(`${links.invoice}/upo`)).bytes.equals(upo.bytes)).toBe(true)
    const [first = ''] = ksefNumber.split('-').slice(2)
    expect((await list(seller, `?q=${first}`)).map((one) => one.ksefNumber)).toEqual([ksefNumber])
  }
})

test('what comes back from KSeF as one’s own is known, and what the buyer gets is another document', async () => {
  const documents = await list(seller)
  const own = await receive(seller, 'Subject1', documents)
  expect(own.map(({ isNew }) => isNew)).toEqual(documents.map(() => false))
  const theirs = await receive(buyer, 'Subject2', documents)
  expect(theirs.every(({ isNew }) => isNew)).toBe(true)
  const received = await list(buyer, `?direction=incoming&party=${seller.nip}&issuedFrom=${today()}`)
  expect(received.map(({ hash }) => hash).sort()).toEqual(documents.map(({ hash }) => hash).sort())
  expect(new Set([...received, ...documents].map(({ id }) => id)).size).toBe(8)
})

test('a range is exported as an archive of the very bytes, with UPOs and an index that no spreadsheet takes for formulas', async () => {
  const documents = await list(seller)
  const answer = await api.call(
    at(seller, `/export?direction=outgoing&issuedFrom=${today()}&issuedTo=${today()}`),
  )
  const files = await unzip(answer.bytes)
  const index = files.get('index.csv')?.toString('utf8') ?? ''
  expect([...files.keys()].sort()).toEqual(
    [
      'index.csv',
      ...documents.flatMap(({ ksefNumber }) => [`outgoing/${ksefNumber}.xml`, `upo/${ksefNumber}.xml`]),
    ].sort(),
  )
  for (const { ksefNumber, number, links } of documents) {
    expect(files.get(`outgoing/${ksefNumber}.xml`)?.equals(Buffer.from(sent.get(number) ?? []))).toBe(true)
    expect(files.get(`upo/${ksefNumber}.xml`)?.equals((await api.call(links.upo ?? '')).bytes)).toBe(true)
    expect(index).toContain(
      `outgoing/${ksefNumber}.xml,upo/${ksefNumber}.xml,outgoing,${ksefNumber},FA (3),VAT,`,
    )
    expect(index).toContain(`,"'${number.replaceAll('"', '""')}",`)
  }
  expect(index.trimEnd().split('\r\n')).toHaveLength(1 + documents.length)
  const nothing = await unzip((await api.call(at(buyer, '/export?direction=outgoing'))).bytes)
  expect([...nothing.keys()]).toEqual(['index.csv'])
})

test('an erased invoice is gone with its UPO, is told of in the audit log, and never comes back', async () => {
  const [document] = await list(seller)
  if (document === undefined) throw new Error('nothing to erase')
  const url = at(seller, `/${document.id}`)
  const reason = 'Wyrok sądu z 20.11.2026, II C 17/26.'
  expect((await api.call(`${url}/erasure`, { reason: 'short' })).status).toBe(400)
  const erased = await api.call(`${url}/erasure`, { reason })
  expect(erased.body).toMatchObject({
    id: document.id,
    ksefNumber: document.ksefNumber,
    hash: document.hash,
    number: null,
    seller: { identifier: null, name: null },
    buyer: { identifier: null, name: null },
    gross: null,
    erasedAt: expect.any(String),
  })
  for (const what of ['xml', 'upo'])
    expect((await api.call(`${url}/${what}`)).body).toMatchObject({ status: 410, code: 'DOCUMENT_ERASED' })
  const left = await list(seller)
  expect(left.map(({ id }) => id)).not.toContain(document.id)
  expect((await list(seller, '?erased=true')).map(({ id }) => id)).toEqual([document.id])
  expect((await unzip((await api.call(at(seller, '/export'))).bytes)).size).toBe(1 + 2 * left.length)
  const { rows } = await fleet.admin.query(
    `select kind, octet_length(content) as bytes from ksef_documents_raw
      where company_id = $1 and (id = $2 or ksef_number = $3) order by kind`,
    [seller.id, document.id, document.ksefNumber],
  )
  expect(rows).toEqual([
    { kind: 'invoice', bytes: 0 },
    { kind: 'upo', bytes: 0 },
  ])
  const harmless = await api.call(`${url}/erasure`, { reason })
  expect(harmless.body).toMatchObject({ erasedAt: erased.body.erasedAt })
  const audit = await api.call(`/v1/companies/${seller.id}/audit?action=document.erase`)
  expect(audit.body.entries).toMatchObject([{ subject: document.id, outcome: 'ok', details: { reason } }])

  expect(await receive(seller, 'Subject1', [document])).toMatchObject([
    { documentId: document.id, isNew: false },
  ])
  expect((await api.call(`${url}/xml`)).status).toBe(410)
  expect((await list(buyer)).map(({ ksefNumber }) => ksefNumber)).toContain(document.ksefNumber)
})

test('what events told of a received invoice goes with it, and what receivers said back; nothing else rewrites an event', async () => {
  const [document] = (await list(buyer)).filter(({ links }) => links.xml !== undefined)
  if (document === undefined) throw new Error('nothing to erase')
  const key = `inbox-received-test-${document.ksefNumber}`
  const read = {
    ksefNumber: document.ksefNumber,
    documentId: document.id,
    role: 'Subject2' as const,
    flag: null,
  }
  const facts = { number: document.number, sellerNip: seller.nip, issueDate: today(), kind: 'VAT' }
  const data = { ...read, ...facts, gross: '123.45', currency: 'PLN', correctedNumber: null }
  await fleet.db.withCompany(buyer.id, (tx) =>
    tx.events.add({ type: 'inbox.received', subject: document.id, key, data }),
  )
  const webhook = randomUUID()
  await fleet.admin.query(
    `insert into webhook_endpoints (id, company_id, url, name, ordered, state, secrets, failures, created_at)
     values ($1, $2, 'https://receiver.example/', '', false, 'enabled', '[]', 0, now())`,
    [webhook, buyer.id],
  )
  await fleet.admin.query(
    `insert into webhook_attempts (endpoint_id, event_id, number, company_id, at, duration_ms, answer)
     select $1, id, 1, company_id, now(), 1, $3 from events where company_id = $2 and key = $4`,
    [webhook, buyer.id, `got ${document.number}`, key],
  )
  await expect(
    fleet.admin.query(`update events set data = data || '{"gross": "1.00"}' where key = $1`, [key]),
  ).rejects.toThrow('not rewritten')
  await api.call(`${at(buyer, `/${document.id}`)}/erasure`, {
    reason: 'Wyrok sądu z 20.11.2026, II C 17/26.',
  })
  const { rows } = await fleet.admin.query(
    `select e.data, a.answer from events e join webhook_attempts a on a.event_id = e.id where e.key = $1`,
    [key],
  )
  const blank = { number: null, sellerNip: null, issueDate: null, kind: null, gross: null, currency: null }
  expect(rows).toEqual([{ data: { ...read, ...blank, correctedNumber: null }, answer: null }])
})

async function rejectedInvoice(number: string) {
  await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 415, times: 1 })
  const submission = await fleet.accept(seller.id, invoiceOf(seller.nip, number, buyer.nip))
  const worker = fleet.worker()
  await drive(fleet, [worker], {
    companies: [seller.id],
    until: async () => (await fleet.submission(submission)).state === 'rejected',
  })
  const { id: submissionId, documentId } = submission
  const place = { companyId: seller.id, documentId }
  return {
    retry: () => retrySubmission(worker.context, { companyId: seller.id, submissionId, actor: 'story' }),
    erase: () => eraseDocument(worker.context, { ...place, actor: 'story', reason: 'a race' }),
    place,
    now: async () => {
      const { state } = await fleet.submission(submission)
      const header = await fleet.db.withCompany(seller.id, (tx) => tx.documents.header(documentId))
      return { state, isErased: header?.erasedAt !== null }
    },
    submissionId,
  }
}

const somebodyWaits = async (): Promise<boolean> => {
  const { rows } = await fleet.admin.query(
    `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}

test('an invoice that is erased this very moment is not sent again', async () => {
  const { retry, place, now } = await rejectedInvoice('WYŚCIG-1')
  const { retried } = await fleet.db.asSystem('erase-documents', async (tx) => {
    await tx.documents.erase([place])
    const retried = Promise.allSettled([retry()])
    await expect.poll(somebodyWaits).toBe(true)
    const { companyId, documentId: subject } = place
    const at = await tx.present()
    await tx.audit.appendFor([
      {
        companyId,
        at,
        actor: 'story',
        action: 'document.erase',
        subject,
        outcome: 'ok',
        details: { reason: 'a race', kind: 'request' },
      },
    ])
    return { retried }
  })
  expect(await retried).toMatchObject([{ status: 'rejected', reason: { code: 'DOCUMENT_ERASED' } }])
  expect(await now()).toEqual({ state: 'rejected', isErased: true })
})

test('an invoice that is sent again this very moment is not erased', async () => {
  const { erase, now, submissionId } = await rejectedInvoice('WYŚCIG-2')
  const other = await fleet.admin.connect()
  await other.query('begin')
  await other.query(
    `update submissions set state = 'pending', reason = null, next_attempt_at = now() + interval '1 hour' where id = $1`,
    [submissionId],
  )
  const erased = erase()
  await expect.poll(somebodyWaits).toBe(true)
  await other.query('commit')
  other.release()
  await erased
  expect(await now()).toEqual({ state: 'pending', isErased: false })
  await fleet.admin.query('update submissions set next_attempt_at = now() where id = $1', [submissionId])
})

test('what is still on its way cannot be erased, and no company’s key erases anything', async () => {
  const pending = await fleet.accept(seller.id, invoiceOf(seller.nip, 'NA-DRODZE', buyer.nip))
  const url = at(seller, `/${pending.documentId}/erasure`)
  const reason = 'nobody should want this one'
  expect((await api.call(url, { reason })).body).toMatchObject({ status: 409, code: 'DOCUMENT_UNSETTLED' })
  expect((await api.call(at(buyer, `/${pending.documentId}/erasure`), { reason })).status).toBe(404)
  await drive(fleet, [fleet.worker()], { companies: [seller.id] })
  expect(await fleet.submission(pending)).toMatchObject({ state: 'receipted' })
})
