import { randomUUID } from 'node:crypto'
import { type Company, CredentialId, SessionId } from '@ksef-fleet/core'
import { afterAll, expect, test } from 'vitest'
import { GROUP, insertCompany, newSubmission, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

/** A package of documents with so many bytes each, in this order. */
async function packed(company: Company, sizes: readonly number[]): Promise<SessionId> {
  const id = SessionId.parse(randomUUID())
  const made = sizes.map((invoiceSize, place) =>
    newSubmission(company, { invoiceSize, nextAttemptAt: new Date(1_000 * (place + 1)) }),
  )
  await db.withCompany(company.id, async (tx) => {
    await tx.documents.insertAll(
      made.map(({ documentId, invoiceHash, invoiceSize }) => ({
        id: documentId,
        environment: 'test',
        direction: 'outgoing',
        kind: 'invoice',
        hash: invoiceHash,
        content: Buffer.alloc(invoiceSize),
      })),
    )
    await tx.submissions.insertAll(made)
    const count = await tx.packages.pack({
      id,
      environment: 'test',
      group: GROUP,
      count: made.length,
      bytesMax: 1_000_000,
      compression: 'TarGz',
      sealedKey: 'sealed',
      credentialId: CredentialId.parse(randomUUID()),
      credentialVersion: 1,
    })
    expect(count).toBe(made.length)
  })
  return id
}

test('the documents of a package come in pages bounded by number and by bytes, but one in any case', async () => {
  const company = await insertCompany(fleet)
  const id = await packed(company, [10, 20, 500, 30, 10, 10, 10])
  const pages: number[][] = []
  for (let after = 0; ; ) {
    const page = await db.withCompany(company.id, (tx) =>
      tx.packages.documents(id, { after, limit: 3, bytesMax: 60 }),
    )
    const last = page.at(-1)
    if (last === undefined) break
    pages.push(page.map(({ content }) => content.byteLength))
    after = last.ordinal
  }
  expect(pages).toEqual([[10, 20], [500], [30, 10, 10], [10]])
})
