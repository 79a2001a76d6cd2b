/** What KSeF registered against what the fleet believes: nothing lost, nothing twice, no company in another's session. */
import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { Connected, DeliveryFleet } from './delivery-fleet.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64')

export async function checkLedger(
  fleet: DeliveryFleet,
  { id, nip }: Pick<Connected, 'id' | 'nip'>,
): Promise<void> {
  const ledger = fleet.simulator.ledger.snapshot()
  const accepted = ledger.accepted.filter((decision) => decision.sellerNip === nip)
  const rows = await fleet.submissions(id)
  const registered = rows.filter((row) => row.state === 'registered' || row.state === 'receipted')

  const believed = registered.map((row) => [row.number, row.ksefNumber, row.invoiceHash]).sort()
  const numbers = new Set(rows.map((row) => row.number))
  const true_ = accepted
    .filter((decision) => numbers.has(decision.invoiceNumber ?? ''))
    .map((decision) => [decision.invoiceNumber, decision.ksefNumber, decision.invoiceHash])
    .filter(([, , hash]) => rows.some((row) => row.invoiceHash === hash))
    .sort()
  expect(believed).toEqual(true_)

  for (const row of rows.filter(({ state }) => state === 'receipted')) {
    const upo = await fleet.db.withCompany(id, (tx) => tx.documents.get(row.upoDocumentId!))
    expect(upo?.hash).toBe(sha256(upo!.content))
    expect(Buffer.from(upo!.content).toString()).toContain(row.ksefNumber!)
  }
  const mine = new Set(rows.map((row) => row.invoiceHash))
  for (const decision of ledger.decisions) {
    if (mine.has(decision.invoiceHash)) expect(decision.context).toEqual({ type: 'Nip', value: nip })
  }
}

/** How many times the bytes of each submission of the company reached KSeF's door. */
export async function postsOf(fleet: DeliveryFleet, { id }: Pick<Connected, 'id'>): Promise<number[]> {
  const { postsByHash } = fleet.simulator.ledger.snapshot()
  return (await fleet.submissions(id)).map((row) => postsByHash[row.invoiceHash] ?? 0)
}
