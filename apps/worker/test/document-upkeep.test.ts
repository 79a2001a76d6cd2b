import { randomUUID } from 'node:crypto'
import { CompanyId, createLogger, DocumentId, receivedDocument } from '@ksef-fleet/core'
import { type ConnectedDatabase, connect } from '@ksef-fleet/db'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import pg from 'pg'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startDocumentRegister, startDocumentRetention } from '../src/document-upkeep.ts'
import type { Loop } from '../src/loop.ts'

let database: TestDatabase
let db: ConnectedDatabase
let admin: pg.Client
const loops: Loop[] = []
beforeEach(async () => {
  database = await createTestDatabase()
  db = connect({ ...database, poolSize: 4 })
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
})
afterEach(async () => {
  await Promise.all(loops.splice(0).map((loop) => loop.stop()))
  await db.close()
  await admin.end()
  await database[Symbol.asyncDispose]()
})

const log = createLogger({ service: 'worker', level: 'silent' })
const YEAR = new Date().getUTCFullYear()

async function insertCompany(nip: string): Promise<CompanyId> {
  const id = CompanyId.parse(randomUUID())
  await admin.query('insert into companies (id, nip, name, created_at) values ($1, $2, $3, now())', [
    id,
    nip,
    'Firma',
  ])
  return id
}

const xmlOf = (issueDate: string, number: string) =>
  Buffer.from(
    `<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/"><Podmiot1><DaneIdentyfikacyjne><NIP>1111111111</NIP>
     <Nazwa>Młyn</Nazwa></DaneIdentyfikacyjne></Podmiot1><Fa><KodWaluty>PLN</KodWaluty><P_1>${issueDate}</P_1><P_2>${number}</P_2>
     <P_15>1.00</P_15><RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>`,
  )

let serial = 0
async function receive(company: CompanyId, ...dates: string[]): Promise<void> {
  const documents = dates.map((date) =>
    receivedDocument(
      { environment: 'test', newId: randomUUID },
      {
        role: 'Subject2',
        ksefNumber: `1111111111-20261120-${String(++serial).padStart(12, '0')}-0A`,
        content: xmlOf(date, date),
        metadata: null,
      },
    ),
  )
  await db.withCompany(company, (tx) => tx.documents.insertReceived(documents))
}

/** As a process of a version without a register accepts it. */
async function acceptWithoutRegister(company: CompanyId, set: { state: string; ksefNumber: string | null }) {
  const [documentId, id] = [DocumentId.parse(randomUUID()), randomUUID()]
  const content = xmlOf(`${YEAR - 20}-05-05`, `OUT/${++serial}`)
  await db.withCompany(company, (tx) =>
    tx.documents.insert({
      ...{ id: documentId, environment: 'test', direction: 'outgoing', kind: 'invoice' },
      ...{ hash: 'h', content },
    }),
  )
  await admin.query(
    `insert into submissions (id, company_id, environment, document_id, state, form_code, seller_nip, kind, number, issue_date,
       invoice_hash, invoice_size, attempts, fence, polls, ksef_number, upo_document_id, next_attempt_at, created_at, updated_at)
     values ($1, $2, 'test', $3, $4, 'FA (3)', '1111111111', 'VAT', $5, '2006-05-05', 'h', 1, 0, 0, 0, $6, $3, now(), now(), now())`,
    [id, company, documentId, set.state, `OUT/${serial}`, set.ksefNumber],
  )
  return { documentId, id }
}

const registered = async (company: CompanyId) =>
  (
    await admin.query<{ number: string | null; erased: boolean }>(
      `select number, erased_at is not null as erased from ksef_documents where company_id = $1 order by created_at, number`,
      [company],
    )
  ).rows

test('what is kept long enough is erased in every company, with its entry in the audit log; the rest stays', async () => {
  const [one, other] = [await insertCompany('1111111111'), await insertCompany('2222222222')]
  // Kept for ten years after the year of issue: the last day of the eleventh year back is over, the first of the tenth is not.
  const [old, older, kept] = [`${YEAR - 11}-12-31`, '1999-01-01', `${YEAR - 10}-01-01`]
  await receive(one, old, kept)
  await receive(other, older, `${YEAR}-01-01`)
  await admin.query('update ksef_documents set created_at = issue_date')
  // Whatever date its issuer wrote, it came a moment ago.
  const lately = '1998-01-01'
  await receive(other, lately)
  const pending = await acceptWithoutRegister(one, { state: 'pending', ksefNumber: null })
  loops.push(startDocumentRegister({ db, log, pauseMs: 50 }))
  await vi.waitFor(async () => expect(await registered(one)).toHaveLength(3), 30_000)
  // Two workers at once.
  for (let at = 0; at < 2; at++) loops.push(startDocumentRetention({ db, log, years: 10, pauseMs: 50 }))
  await vi.waitFor(async () => {
    const all = [...(await registered(one)), ...(await registered(other))]
    expect(all.filter(({ erased }) => erased)).toHaveLength(2)
  }, 30_000)
  const left = async (company: CompanyId) =>
    (await registered(company)).flatMap(({ number, erased }) => (erased ? [] : number))
  expect(await left(one)).toEqual([kept, expect.stringContaining('OUT/')])
  expect(await left(other)).toEqual([`${YEAR}-01-01`, lately])
  const contents = await admin.query(
    `select count(*)::int as erased from ksef_documents_raw where octet_length(content) = 0 and erased_at is not null
        and ksef_number is not null`,
  )
  expect(contents.rows).toEqual([{ erased: 2 }])
  const document = await db.withCompany(one, (tx) => tx.documents.get(pending.documentId))
  expect(document?.content.byteLength).toBeGreaterThan(0)
  for (const company of [one, other]) {
    const entries = await db.withCompany(company, (tx) =>
      tx.audit.list({ limit: 10, action: 'document.erase' }),
    )
    expect(entries).toMatchObject([{ actor: 'worker', outcome: 'ok', details: { kind: 'retention' } }])
  }
})

test('what was accepted before there was a register is entered into it, once, with its number and its way', async () => {
  const company = await insertCompany('1111111111')
  const ksefNumber = '1111111111-20261120-00000000ABCD-0A'
  const made = [
    await acceptWithoutRegister(company, { state: 'receipted', ksefNumber }),
    await acceptWithoutRegister(company, { state: 'pending', ksefNumber: null }),
  ]
  for (let at = 0; at < 2; at++) loops.push(startDocumentRegister({ db, log, pauseMs: 50 }))
  await vi.waitFor(async () => expect(await registered(company)).toHaveLength(2), 30_000)
  for (const [at, { documentId, id }] of made.entries()) {
    const header = await db.withCompany(company, (tx) => tx.documents.header(documentId))
    expect(header).toMatchObject({
      direction: 'outgoing',
      submissionId: id,
      ksefNumber: at === 0 ? ksefNumber : null,
      sellerName: 'Młyn',
      gross: '1.00',
    })
  }
})
