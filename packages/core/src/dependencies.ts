/** What core's functions are given: the doors to the world, so that none of them has a clock, randomness or I/O of its own. */
import type { KsefEnvironment } from './identifiers.ts'
import type { KsefSecretManager } from './secrets/ksef-secret-manager.ts'
import type { FleetDatabase } from './stores.ts'

export type CoreDependencies = {
  db: FleetDatabase
  secrets: KsefSecretManager
  /** The one environment this deployment speaks to. */
  environment: KsefEnvironment
  now: () => Date
  /** From when on invoices of a newly connected company are received; since KSeF's beginning when left out. */
  inboxStartAt?: Date
  /** Whether invoices are issued offline by themselves while KSeF cannot be reached, where a company does not say otherwise; true when left out. */
  offlineAutomatic?: boolean
  randomBytes: (length: number) => Uint8Array
  /** A fresh UUID, version 7, so that ids sort by creation. */
  newId: () => string
}
