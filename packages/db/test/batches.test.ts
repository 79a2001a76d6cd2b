import { randomUUID } from 'node:crypto'
import { type Batch, BatchId, type Company, DocumentId, type Submission } from '@ksef-fleet/core'
import { afterAll, describe, expect, test } from 'vitest'
import { insertCompany, newSubmission, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

const newBatch = (company: Company, set: Partial<Batch> = {}): Batch => ({
  id: BatchId.parse(randomUUID()),
  companyId: company.id,
  environment: 'test',
  source: 'tar-gz',
  invoiceCount: 3,
  createdAt: new Date(),
  ...set,
})

async function insertBatch(company: Company, set: Partial<Batch> = {}): Promise<Batch> {
  const batch = newBatch(company, set)
  await db.withCompany(company.id, (tx) => tx.batches.insert(batch))
  return batch
}

/** With a document each. */
const insertAll = (company: Company, submissions: readonly Submission[]): Promise<number> =>
  db.withCompany(company.id, async (tx) => {
    await tx.documents.insertAll(
      submissions.map(({ documentId, invoiceHash }, index) => ({
        id: documentId,
        environment: 'test',
        direction: 'outgoing',
        kind: 'invoice',
        hash: invoiceHash,
        content: Buffer.from(`<Faktura nr="${index}"/>`),
      })),
    )
    return tx.submissions.insertAll(submissions)
  })

describe('a crowd of submissions', () => {
  test('is read back whole, each with its own document', async () => {
    const company = await insertCompany(fleet)
    const batch = await insertBatch(company)
    const made = Array.from({ length: 300 }, () =>
      newSubmission(company, { batchId: batch.id, delivery: 'batch', hasAttachment: true }),
    )
    expect(await insertAll(company, made)).toBe(300)
    for (const index of [0, 150, 299]) {
      const submission = made[index]
      if (submission === undefined) throw new Error('nothing was made')
      const read = await db.withCompany(company.id, async (tx) => ({
        submission: await tx.submissions.get(submission.id),
        document: await tx.documents.get(submission.documentId),
      }))
      expect(read.submission).toEqual(submission)
      expect(Buffer.from(read.document?.content ?? '').toString()).toBe(`<Faktura nr="${index}"/>`)
    }
  })

  test('leaves out whose number is taken, and takes the number of one that was rejected', async () => {
    const company = await insertCompany(fleet)
    const taken = newSubmission(company, { number: 'taken' })
    const rejected = newSubmission(company, {
      number: 'free again',
      state: 'rejected',
      reason: { code: 'KSEF_REJECTED' },
    })
    await insertAll(company, [taken, rejected])
    const again = ['taken', 'free again', 'new'].map((number) => newSubmission(company, { number }))
    expect(await insertAll(company, again)).toBe(2)
  })

  test('of nobody is inserted without a word to the database', async () => {
    expect(await insertAll(await insertCompany(fleet), [])).toBe(0)
  })
})

describe('looking up numbers', () => {
  test('finds those not rejected, by kind and number together, and nobody else’s', async () => {
    const company = await insertCompany(fleet)
    const other = await insertCompany(fleet)
    const [first, correction] = [
      newSubmission(company, { number: 'F\'1,"{}\\' }),
      newSubmission(company, { number: 'F2', kind: 'KOR' }),
    ]
    const rejected = newSubmission(company, {
      number: 'F3',
      state: 'rejected',
      reason: { code: 'KSEF_REJECTED' },
    })
    await insertAll(company, [first, correction, rejected])
    await insertAll(other, [newSubmission(other, { number: 'F4', sellerNip: company.nip })])
    const numbers = [first.number, 'F2', 'F3', 'F4', 'F5'].map((number) => ({ kind: 'VAT', number }))
    const found = await db.withCompany(company.id, (tx) =>
      tx.submissions.findByNumbers({ environment: 'test', sellerNip: company.nip, numbers }),
    )
    const { id, kind, number, batchId, invoiceHash } = first
    expect(found).toEqual([{ id, kind, number, batchId, invoiceHash }])
  })
})

describe('a batch', () => {
  test('is read back whole, and by its own company only', async () => {
    const company = await insertCompany(fleet)
    const other = await insertCompany(fleet)
    const batch = await insertBatch(company)
    expect(await db.withCompany(company.id, (tx) => tx.batches.get(batch.id))).toEqual(batch)
    expect(await db.withCompany(other.id, (tx) => tx.batches.get(batch.id))).toBeNull()
    expect(await db.withCompany(other.id, (tx) => tx.batches.list({ limit: 10 }))).toEqual([])
  })

  test('counts its invoices by state and tells of those in trouble, latest first', async () => {
    const company = await insertCompany(fleet)
    const batch = await insertBatch(company)
    const one = (set: Partial<Submission> = {}) => newSubmission(company, { batchId: batch.id, ...set })
    const reason = { code: 'KSEF_REJECTED' }
    const rejected = one({ state: 'rejected', reason, updatedAt: new Date('2026-11-20T10:00:00Z') })
    const held = one({ state: 'held', reason, updatedAt: new Date('2026-11-20T11:00:00Z') })
    await insertAll(company, [one(), rejected, one(), held])
    // One that is not of the batch.
    await insertAll(company, [newSubmission(company)])
    const read = await db.withCompany(company.id, async (tx) => ({
      counted: await tx.batches.countByState(batch.id),
      troubled: await tx.batches.troubled(batch.id, 10),
      first: await tx.batches.troubled(batch.id, 1),
      listed: await tx.submissions.list({ limit: 10, batchId: batch.id }),
    }))
    expect(read.counted).toEqual({ pending: 2, rejected: 1, held: 1 })
    expect(read.troubled.map(({ id }) => id)).toEqual([held.id, rejected.id])
    expect(read.first).toHaveLength(1)
    expect(read.listed).toHaveLength(4)
  })

  test('is listed newest first, strictly older than the cursor', async () => {
    const company = await insertCompany(fleet)
    const at = new Date('2026-11-20T10:00:00Z')
    const made = [at, at, new Date(at.getTime() + 1)].map((createdAt) => ({ createdAt }))
    for (const set of made) await insertBatch(company, set)
    const all = await db.withCompany(company.id, (tx) => tx.batches.list({ limit: 10 }))
    expect(all).toHaveLength(3)
    const pages: string[] = []
    for (let before: Batch | undefined; ; ) {
      const cursor = before
      const [next] = await db.withCompany(company.id, (tx) =>
        tx.batches.list({ limit: 1, ...(cursor === undefined ? {} : { before: cursor }) }),
      )
      if (next === undefined) break
      pages.push(next.id)
      before = next
    }
    expect(pages).toEqual(all.map(({ id }) => id))
  })

  test('is stored by one transaction of a company at a time, and of other companies meanwhile', async () => {
    const [company, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    const order: string[] = []
    let release: (() => void) | undefined
    const first = db.withCompany(company.id, async (tx) => {
      expect(await tx.batches.takeTurn()).toBe(true)
      await new Promise<void>((resolve) => {
        release = resolve
      })
      order.push('first')
    })
    await expect.poll(() => release).toBeDefined()
    const second = db.withCompany(company.id, async (tx) => {
      expect(await tx.batches.takeTurn()).toBe(true)
      order.push('second')
    })
    expect(await db.withCompany(other.id, (tx) => tx.batches.takeTurn())).toBe(true)
    expect(order).toEqual([])
    release?.()
    await Promise.all([first, second])
    expect(order).toEqual(['first', 'second'])
  })
})

test('a document of the crowd belongs to its company', async () => {
  const [company, other] = [await insertCompany(fleet), await insertCompany(fleet)]
  const submission = newSubmission(company)
  await insertAll(company, [submission])
  const id = DocumentId.parse(submission.documentId)
  expect(await db.withCompany(other.id, (tx) => tx.documents.get(id))).toBeNull()
})
