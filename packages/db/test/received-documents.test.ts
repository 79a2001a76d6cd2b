import { randomUUID } from 'node:crypto'
import {
  type Company,
  type CompanyId,
  type DocumentFacts,
  Nip,
  type ReceivedDocument,
  type ReceivedMetadata,
  receivedDocument,
} from '@ksef-fleet/core'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { insertCompany, insertSent, insertSubmission, newHeader, openFleet, openSession } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

let serial = 0
const numberOf = (seller: string) => `${seller}-20261128-${String(++serial).padStart(12, '0')}-AB`
const SELLER = '5265877635'

const party = (name: string, nip: string) =>
  `<${name}><DaneIdentyfikacyjne><NIP>${nip}</NIP><Nazwa>Żółć ${nip}</Nazwa></DaneIdentyfikacyjne></${name}>`
const invoice = (buyerNip: string, sellerNip = SELLER): Uint8Array =>
  Buffer.from(
    `<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/">${party('Podmiot1', sellerNip)}${party('Podmiot2', buyerNip)}
     <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-11-20</P_1><P_2>FV/${++serial}/11</P_2><P_13_1>3517.00</P_13_1>
     <P_14_1>808.91</P_14_1><P_15>4325.91</P_15><RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>`,
  )

const received = (
  from: {
    content: Uint8Array
    ksefNumber?: string
    role?: ReceivedDocument['role']
  } & Partial<ReceivedMetadata>,
): ReceivedDocument => {
  const { content, ksefNumber = numberOf(SELLER), role = 'Subject2', ...metadata } = from
  const deps = { environment: 'test' as const, newId: randomUUID }
  return receivedDocument(deps, { role, ksefNumber, content, metadata })
}

const insert = (company: Company, ...documents: ReceivedDocument[]) =>
  db.withCompany(company.id, (tx) => tx.documents.insertReceived(documents))
const count = async (table: string, company: CompanyId): Promise<number> =>
  Number((await admin.query(`select count(*) from ${table} where company_id = $1`, [company])).rows[0]?.count)

describe('what is received', () => {
  test('is stored once, byte for byte, with what its head says', async () => {
    const company = await insertCompany(fleet)
    const content = invoice(company.nip)
    const one = received({
      content,
      permanentStorageDate: new Date('2026-11-20T10:00:00Z'),
      acquisitionDate: new Date('2026-11-20T09:59:58Z'),
    })
    expect(await insert(company, one)).toEqual([
      { ksefNumber: one.ksefNumber, documentId: one.id, isNew: true },
    ])
    const [stored, header] = await db.withCompany(company.id, async (tx) => [
      await tx.documents.get(one.id),
      await tx.documents.header(one.id),
    ])
    expect(Buffer.compare(stored?.content ?? Buffer.alloc(0), content)).toBe(0)
    const { createdAt, ...rest } = header ?? { createdAt: null }
    expect(createdAt).toBeInstanceOf(Date)
    expect(rest).toEqual({
      ...one.facts,
      documentId: one.id,
      environment: 'test',
      direction: 'incoming',
      roles: ['Subject2'],
      ksefNumber: one.ksefNumber,
      hash: one.hash,
      size: content.byteLength,
      flag: null,
      submissionId: null,
      permanentStorageDate: new Date('2026-11-20T10:00:00Z'),
      acquisitionDate: new Date('2026-11-20T09:59:58Z'),
      erasedAt: null,
    })
    expect(rest).toMatchObject({ sellerNip: SELLER, net: '3517.00', vat: '808.91', gross: '4325.91' })
  })

  test('is known the second time, in the same call, in a later one, and under another company is another', async () => {
    const company = await insertCompany(fleet)
    const other = await insertCompany(fleet)
    const many = Array.from({ length: 50 }, () => received({ content: invoice(company.nip) }))
    const again = many.map((one) => received({ content: one.content, ksefNumber: one.ksefNumber }))
    const first = await insert(company, ...many, ...again.slice(0, 10))
    expect(first.map(({ isNew }) => isNew)).toEqual([...many.map(() => true), ...Array(10).fill(false)])
    const second = await insert(company, ...again)
    expect(second).toEqual(many.map(({ ksefNumber, id }) => ({ ksefNumber, documentId: id, isNew: false })))
    expect(await count('ksef_documents_raw', company.id)).toBe(50)
    expect(await count('ksef_documents', company.id)).toBe(50)
    expect((await insert(other, ...again)).every(({ isNew }) => isNew)).toBe(true)
  })

  test('in several roles is one document that gains them, and is outgoing once the company is its seller', async () => {
    const company = await insertCompany(fleet)
    const { content, ksefNumber, id } = received({ content: invoice(company.nip, company.nip) })
    const as = (role: ReceivedDocument['role'], set: Partial<ReceivedMetadata> = {}) =>
      received({ content, ksefNumber, role, ...set })
    await insert(company, { ...as('Subject3'), id })
    const at = new Date('2026-11-21T00:00:00Z')
    expect(await insert(company, as('Subject2', { permanentStorageDate: at }))).toEqual([
      { ksefNumber, documentId: id, isNew: false },
    ])
    const header = () => db.withCompany(company.id, (tx) => tx.documents.header(id))
    expect(await header()).toMatchObject({
      roles: ['Subject2', 'Subject3'],
      direction: 'incoming',
      permanentStorageDate: at,
    })
    await insert(company, as('Subject1'), as('SubjectAuthorized'))
    expect(await header()).toMatchObject({
      roles: ['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized'],
      direction: 'outgoing',
    })
    expect(await count('ksef_documents_raw', company.id)).toBe(1)
  })

  test('by two syncs at once is stored once, and exactly one of them is told that it is new', async () => {
    const company = await insertCompany(fleet)
    const many = Array.from({ length: 40 }, () => received({ content: invoice(company.nip) }))
    const copy = () => many.map((one) => received({ content: one.content, ksefNumber: one.ksefNumber }))
    const answers = await Promise.all([
      insert(company, ...copy()),
      insert(company, ...copy().reverse()),
      insert(company, ...copy()),
    ])
    for (const { ksefNumber } of many) {
      const of = answers.flat().filter((one) => one.ksefNumber === ksefNumber)
      expect(of.filter(({ isNew }) => isNew)).toHaveLength(1)
      expect(new Set(of.map(({ documentId }) => documentId)).size).toBe(1)
    }
    expect(await count('ksef_documents', company.id)).toBe(40)
  })

  test('is kept and flagged when it is no invoice, of no known form, or not what KSeF’s metadata says', async () => {
    const company = await insertCompany(fleet)
    const text = (content: string) => Buffer.from(content, 'utf8')
    const odd = (flag: string, content: Uint8Array, said: Partial<ReceivedMetadata> = {}) => {
      return { flag, content, document: received({ content, ...said }) }
    }
    const cases = [
      odd('unreadable', text('<Faktura>')),
      odd('unknown-form', text('<Faktura xmlns="urn:other"/>')),
      odd('hash-differs', invoice(company.nip), { invoiceHash: 'other' }),
      odd('number-differs', invoice(company.nip), { invoiceNumber: 'other' }),
    ]
    await insert(company, ...cases.map(({ document }) => document))
    for (const { flag, content, document } of cases) {
      const { id } = document
      const [header, stored] = await db.withCompany(company.id, async (tx) => [
        await tx.documents.header(id),
        await tx.documents.get(id),
      ])
      expect(header).toMatchObject({ flag, size: content.byteLength })
      expect(Buffer.compare(stored?.content ?? Buffer.alloc(0), content)).toBe(0)
    }
    expect((await insert(company, received({ content: text('x') }))).map(({ isNew }) => isNew)).toEqual([
      true,
    ])
  })

  test('of another company cannot be seen, merged or counted', async () => {
    const mine = await insertCompany(fleet)
    const theirs = await insertCompany(fleet)
    const one = received({ content: invoice(mine.nip) })
    await insert(mine, one)
    expect(await db.withCompany(theirs.id, (tx) => tx.documents.header(one.id))).toBeNull()
    await insert(theirs, received({ content: one.content, ksefNumber: one.ksefNumber, role: 'Subject3' }))
    expect(await db.withCompany(mine.id, (tx) => tx.documents.header(one.id))).toMatchObject({
      roles: ['Subject2'],
    })
  })

  test('keeps amounts exactly as written', async () => {
    const company = await insertCompany(fleet)
    const one = received({ content: invoice(company.nip) })
    const facts: DocumentFacts = {
      ...one.facts,
      net: '999999999999999999.99',
      vat: '0.00000001',
      gross: '-0.10',
    }
    await insert(company, { ...one, facts })
    expect(await db.withCompany(company.id, (tx) => tx.documents.header(one.id))).toMatchObject({
      net: '999999999999999999.99',
      vat: '0.00000001',
      gross: '-0.10',
    })
  })
})

test('the fleet’s own invoice whose number it had not learned is recognised by its bytes', async () => {
  const company = await insertCompany(fleet)
  const content = invoice('1111111111', company.nip)
  const one = received({ content, role: 'Subject1', ksefNumber: numberOf(company.nip) })
  const { facts } = one
  const submission = await insertSubmission(fleet, company, {
    kind: facts.kind ?? '',
    number: facts.number ?? '',
    invoiceHash: one.hash,
  })
  await db.withCompany(company.id, (tx) => tx.documents.register([newHeader(submission)]))
  expect(await insert(company, one)).toEqual([
    { ksefNumber: one.ksefNumber, documentId: submission.documentId, isNew: false },
  ])
  expect(await db.withCompany(company.id, (tx) => tx.documents.header(submission.documentId))).toMatchObject({
    ksefNumber: one.ksefNumber,
    submissionId: submission.id,
    roles: ['Subject1'],
  })
  expect(await count('ksef_documents_raw', company.id)).toBe(1)
})

test('so is one that the company issued as the buyer, where KSeF lists it', async () => {
  const company = await insertCompany(fleet)
  const content = Buffer.from(
    Buffer.from(invoice(company.nip, '7777777777'))
      .toString()
      .replace('<Fa>', '<Fa><Adnotacje><P_17>1</P_17></Adnotacje>'),
  )
  const one = received({ content, role: 'Subject2', ksefNumber: numberOf('7777777777') })
  const { facts } = one
  expect(facts.isSelfInvoicing).toBe(true)
  const submission = await insertSubmission(fleet, company, {
    sellerNip: Nip.parse('7777777777'),
    kind: facts.kind ?? '',
    number: facts.number ?? '',
    invoiceHash: one.hash,
  })
  const header = { ...newHeader(submission), roles: ['Subject2' as const] }
  await db.withCompany(company.id, (tx) => tx.documents.register([header]))
  expect(await insert(company, one)).toEqual([
    { ksefNumber: one.ksefNumber, documentId: submission.documentId, isNew: false },
  ])
  const entry = await db.withCompany(company.id, (tx) => tx.documents.header(submission.documentId))
  expect(entry).toMatchObject({ ksefNumber: one.ksefNumber, roles: ['Subject2'], direction: 'outgoing' })
})

test('an invoice that KSeF registers has its number in the register from then on, and is found by it when it is received', async () => {
  const company = await insertCompany(fleet)
  const submission = await insertSent(fleet, company, await openSession(fleet, company))
  const [ksefNumber, nextPollAt] = [numberOf(company.nip), new Date()]
  await db.withCompany(company.id, async (tx) => {
    await tx.documents.register([newHeader(submission)])
    await tx.submissions.move(submission.id, {
      from: 'sent',
      to: 'registered',
      set: { ksefNumber, registeredAt: new Date(), nextPollAt },
    })
  })
  const again = received({ content: invoice('1111111111', company.nip), ksefNumber, role: 'Subject1' })
  expect(await insert(company, again)).toEqual([
    { ksefNumber, documentId: submission.documentId, isNew: false },
  ])
})

test('an invoice registered under a number that came from KSeF before with other bytes is registered all the same', async () => {
  const company = await insertCompany(fleet)
  const submission = await insertSent(fleet, company, await openSession(fleet, company))
  const one = received({ content: invoice('1111111111', company.nip), role: 'Subject1' })
  await insert(company, one)
  const { ksefNumber } = one
  await db.withCompany(company.id, async (tx) => {
    await tx.documents.register([newHeader(submission)])
    const set = { ksefNumber, registeredAt: new Date(), nextPollAt: new Date() }
    expect(await tx.submissions.move(submission.id, { from: 'sent', to: 'registered', set })).toBe(true)
  })
  const [own, theirs] = await db.withCompany(company.id, async (tx) => [
    await tx.documents.header(submission.documentId),
    await tx.documents.header(one.id),
  ])
  expect([own?.ksefNumber, theirs?.ksefNumber]).toEqual([null, ksefNumber])
})

describe('a stored document', () => {
  const NO_PRIVILEGE = '42501'
  const GUARDED = '23001'
  const codeOf = (attempt: Promise<unknown>): Promise<string> =>
    attempt.then(
      () => 'done',
      (error: unknown) => (error instanceof pg.DatabaseError ? (error.code ?? '') : String(error)),
    )
  const as = async (url: string, ...statements: string[]): Promise<string> => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      await client.query('begin')
      for (const statement of statements.slice(0, -1)) await client.query(statement)
      const code = await codeOf(client.query(statements.at(-1) ?? ''))
      return code === 'done' ? await codeOf(client.query('commit')) : code
    } finally {
      await client.end()
    }
  }

  test('is changed and removed by nobody: not by the application, not by the system, not by a superuser', async () => {
    const company = await insertCompany(fleet)
    const one = received({ content: invoice(company.nip) })
    await insert(company, one)
    const own = `where company_id = '${company.id}'`
    const set = `select set_config('fleet.company_id', '${company.id}', true)`
    const { appUrl, systemUrl, adminUrl } = fleet.urls
    for (const column of ['content', 'hash', 'ksef_number', 'erased_at', 'company_id'])
      expect(await as(appUrl, set, `update ksef_documents_raw set ${column} = ${column} ${own}`)).toBe(
        NO_PRIVILEGE,
      )
    expect(await as(appUrl, set, `delete from ksef_documents_raw ${own}`)).toBe(NO_PRIVILEGE)
    expect(await as(systemUrl, `delete from ksef_documents_raw ${own}`)).toBe(NO_PRIVILEGE)
    expect(await as(systemUrl, `update ksef_documents_raw set hash = 'x' ${own}`)).toBe(NO_PRIVILEGE)
    expect(await as(systemUrl, `select content from ksef_documents_raw ${own}`)).toBe(NO_PRIVILEGE)
    const half = `update ksef_documents_raw set content = 'x', erased_at = now() ${own}`
    expect(await as(systemUrl, half)).toBe(GUARDED)
    expect(await as(adminUrl, `update ksef_documents_raw set content = 'x' ${own}`)).toBe(GUARDED)
    expect(await as(adminUrl, `update ksef_documents_raw set hash = 'x' ${own}`)).toBe(GUARDED)
    expect(await as(adminUrl, `delete from ksef_documents_raw ${own}`)).toBe(GUARDED)
    expect(await as(adminUrl, 'truncate ksef_documents_raw cascade')).toBe(GUARDED)
    // Whoever erases without saying so in the audit log has erased nothing.
    const erase = `update ksef_documents_raw set content = '', erased_at = now() ${own}`
    expect(await as(systemUrl, erase)).toBe(GUARDED)
    expect(await as(adminUrl, erase)).toBe(GUARDED)
    const stored = await db.withCompany(company.id, (tx) => tx.documents.get(one.id))
    expect(Buffer.compare(stored?.content ?? Buffer.alloc(0), one.content)).toBe(0)
  })
})
