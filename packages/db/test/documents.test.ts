import { randomUUID } from 'node:crypto'
import { DocumentId } from '@ksef-fleet/core'
import { afterAll, expect, test } from 'vitest'
import { insertCompany, insertSubmission, newSubmission, openFleet, openSession } from './fleet.ts'

const fleet = await openFleet()
const { db } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

test('a document is read back byte for byte, with the number or session it belongs to', async () => {
  const company = await insertCompany(fleet)
  const session = await openSession(fleet, company)
  const content = Uint8Array.from({ length: 1_000_000 }, (_, at) => at % 256)
  const document = {
    id: DocumentId.parse(randomUUID()),
    environment: 'test' as const,
    direction: 'outgoing' as const,
    kind: 'session-upo' as const,
    hash: 'aGFzaA==',
    content,
    ksefNumber: 'N-1',
    sessionId: session,
  }
  await db.withCompany(company.id, (tx) => tx.documents.insert(document))
  const stored = await db.withCompany(company.id, (tx) => tx.documents.get(document.id))
  expect(Buffer.compare(stored?.content ?? Buffer.alloc(0), content)).toBe(0)
  expect(stored).toMatchObject({
    companyId: company.id,
    hash: document.hash,
    ksefNumber: 'N-1',
    sessionId: session,
  })
  const { documentId } = await insertSubmission(fleet, company)
  const invoice = await db.withCompany(company.id, (tx) => tx.documents.get(documentId))
  expect(Object.keys(invoice ?? {})).not.toContain('ksefNumber')
  const again = { ...document, id: DocumentId.parse(randomUUID()) }
  await expect(db.withCompany(company.id, (tx) => tx.documents.insert(again))).rejects.toMatchObject({
    constraint: 'ksef_documents_raw_ksef_number_key',
  })
  expect(
    await db.withCompany(company.id, (tx) => tx.documents.get(newSubmission(company).documentId)),
  ).toBeNull()
})
