import { randomUUID } from 'node:crypto'
import { type Accepted, type Company, CompanyId, type Submission } from '@ksef-fleet/core'
import { afterAll, describe, expect, test } from 'vitest'
import { insertCompany, insertIntegration, newHeader, newSubmission, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

describe('accepting', () => {
  const ring = { job: 'send-pending', key: 'send-company', payload: { companyId: 'x' } }
  const look = (company: Company, ...idempotencyKeys: string[]) =>
    db.withCompany(company.id, (tx) =>
      tx.acceptance.look({ environment: 'test', idempotencyKeys, waitingMs: null }),
    )

  const acceptedOf = (submission: Submission, content: Buffer, key: string | null = null): Accepted => ({
    submission,
    content,
    header: newHeader(submission),
    entry: key === null ? null : { key, fingerprint: submission.invoiceHash },
  })

  test('is told in one look what a company is', async () => {
    const company = await insertCompany(fleet)
    const reachable = {
      availability: { state: 'online' },
      lookedAt: null,
      isTotalFailure: false,
      automatic: null,
    }
    const told = { nip: company.nip, isConnected: false, busyKeys: [], earlier: [], ...reachable }
    expect(await look(company)).toEqual(told)
    await insertIntegration(fleet, company)
    expect(await look(company, 'key')).toEqual({ ...told, isConnected: true })
    const nobody = { ...company, id: CompanyId.parse(randomUUID()) }
    expect(await look(nobody, 'key')).toEqual({ ...told, nip: null })
  })

  test('stores document, submission, entry and wish, or nothing', async () => {
    const company = await insertCompany(fleet)
    const submission = newSubmission(company, { number: 'A/1' })
    const content = Buffer.from('<Faktura/>')
    const store = (accepted: Submission, key: string | null) =>
      db.withCompany(company.id, (tx) => tx.acceptance.store([acceptedOf(accepted, content, key)], ring))
    await store(submission, 'key')
    const stored = await db.withCompany(company.id, async (tx) => ({
      submission: await tx.submissions.get(submission.id),
      document: await tx.documents.get(submission.documentId),
      header: await tx.documents.header(submission.documentId),
    }))
    expect(stored.submission).toEqual(submission)
    expect(Buffer.from(stored.document?.content ?? [])).toEqual(content)
    expect(stored.document).toMatchObject({ direction: 'outgoing', kind: 'invoice' })
    expect(stored.header).toMatchObject({ number: 'A/1', roles: ['Subject1'], submissionId: submission.id })
    const entry = { fingerprint: submission.invoiceHash, submissionId: submission.id }
    expect(await look(company, 'key')).toMatchObject({ busyKeys: [], earlier: [{ key: 'key', ...entry }] })
    expect(await db.withCompany(company.id, (tx) => tx.acceptance.earlier('key'))).toEqual(entry)

    const twin = newSubmission(company, { number: 'A/2' })
    await expect(store(twin, 'key')).rejects.toMatchObject({ kind: 'conflict' })
    await expect(store(newSubmission(company, { number: 'A/1' }), null)).rejects.toMatchObject({
      kind: 'conflict',
    })
    const left = await db.withCompany(company.id, async (tx) => [
      await tx.submissions.get(twin.id),
      await tx.documents.get(twin.documentId),
    ])
    expect(left).toEqual([null, null])
    await store(twin, null)
    const rings = await db.asSystem('relay-outbox', (tx) => tx.outbox.take(1_000))
    expect(rings.filter(({ key }) => key === ring.key)).toEqual([ring])
  })

  test('stores many at once, each with its own document and key, or none of them', async () => {
    const company = await insertCompany(fleet)
    const many = ['ą', 'bb', '', 'd'].map((text, index) =>
      acceptedOf(
        newSubmission(company, { number: `M/${index}` }),
        Buffer.from(text),
        index < 3 ? text : null,
      ),
    )
    const store = (accepted: readonly Accepted[]) =>
      db.withCompany(company.id, (tx) => tx.acceptance.store(accepted, ring))
    const stored = () =>
      db.withCompany(company.id, (tx) =>
        Promise.all(
          many.map(async ({ submission: { id, documentId } }) => [
            await tx.submissions.get(id),
            Buffer.from((await tx.documents.get(documentId))?.content ?? []).toString(),
          ]),
        ),
      )
    const twin = acceptedOf(newSubmission(company, { number: 'M/0' }), Buffer.from('twin'))
    await expect(store([...many, twin])).rejects.toMatchObject({ kind: 'conflict' })
    expect(await stored()).toEqual(many.map(() => [null, '']))
    await store(many)
    expect(await stored()).toEqual(many.map(({ submission, content }) => [submission, content.toString()]))
    const told = await look(company, 'ą', 'bb', '', 'd')
    expect(new Map(told.earlier.map(({ key, submissionId }) => [key, submissionId]))).toEqual(
      new Map(many.slice(0, 3).map(({ submission, entry }) => [entry?.key, submission.id])),
    )
    const { rows } = await admin.query(
      'select count(*)::int as unsaid from submissions where company_id = $1 and reason is null',
      [company.id],
    )
    expect(rows).toEqual([{ unsaid: 4 }])
  })

  test('holds a key until its transaction ends, against its own company only', async () => {
    const [one, other] = [await insertCompany(fleet), await insertCompany(fleet)]
    await db.withCompany(one.id, async (tx) => {
      const asked = { environment: 'test', idempotencyKeys: ['key', 'free'], waitingMs: null } as const
      expect(await tx.acceptance.look(asked)).toMatchObject({ busyKeys: [] })
      expect(await look(other, 'key')).toMatchObject({ busyKeys: [] })
      expect(await look(one, 'key')).toMatchObject({ busyKeys: ['key'] })
      expect(await look(one)).toMatchObject({ busyKeys: [] })
    })
    expect(await look(one, 'key')).toMatchObject({ busyKeys: [] })
  })
})
