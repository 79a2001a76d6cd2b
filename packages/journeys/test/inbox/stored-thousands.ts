/** Many documents compared where they lie: the database hashes the bytes it stores. */
import type { CompanyId } from '@ksef-fleet/core'
import type { Issued } from '@ksef-fleet/simulator'
import { expect } from 'vitest'
import type { DeliveryFleet } from '../delivery/delivery-fleet.ts'
import { eventsOf, inOrder } from './inbox-fleet.ts'

const storedIn = async ({ admin }: DeliveryFleet, companyId: CompanyId) =>
  (
    await admin.query<{ ksefNumber: string; hash: string }>(
      `select ksef_number as "ksefNumber", encode(sha256(content), 'base64') as hash
         from ksef_documents_raw where company_id = $1 and kind = 'invoice'`,
      [companyId],
    )
  ).rows

/** Each is stored once, byte for byte as it was issued, and told once, the log of events in the order of each issue. */
export async function expectAllReceived(
  fleet: DeliveryFleet,
  companyId: CompanyId,
  issues: readonly (readonly Issued[])[],
): Promise<void> {
  const issued = issues.flat()
  const stored = await storedIn(fleet, companyId)
  expect(stored.length).toBe(issued.length)
  expect(inOrder(stored)).toEqual(inOrder(issued))
  const told = await eventsOf(fleet, companyId, 'inbox.received')
  const numbers = told.map(({ ksefNumber }) => ksefNumber)
  expect(numbers.length).toBe(issued.length)
  for (const issue of issues) {
    const own = new Set(issue.map(({ ksefNumber }) => ksefNumber))
    expect(numbers.filter((number) => own.has(number))).toEqual(issue.map(({ ksefNumber }) => ksefNumber))
  }
}
