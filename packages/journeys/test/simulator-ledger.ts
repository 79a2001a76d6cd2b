import type { LedgerSnapshot } from '@ksef-fleet/simulator'

/** What the simulated KSeF knows: every invoice it received and what became of it. */
export async function readLedger(simulatorUrl: string): Promise<LedgerSnapshot> {
  const response = await fetch(`${simulatorUrl}/_simulator/ledger`)
  return (await response.json()) as LedgerSnapshot
}
