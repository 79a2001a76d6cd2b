import type { Outage, OutageKind } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { KsefEnvironment } from '../identifiers.ts'

export const OutageId = z.uuid().brand<'OutageId'>()
export type OutageId = z.infer<typeof OutageId>

export const OUTAGE_KINDS = [
  'unavailability',
  'failure',
  'totalFailure',
] as const satisfies readonly OutageKind[]
export const OUTAGE_SOURCES = ['lighthouse', 'administrator'] as const

/** A time in which KSeF could not be used, as the Ministry announced it: whence deadlines are counted. */
export type StoredOutage = Outage & {
  id: OutageId
  environment: KsefEnvironment
  source: (typeof OUTAGE_SOURCES)[number]
  /** The lighthouse's own number of it. */
  reference: string | null
  /** What the administrator says of it. */
  note: string | null
  createdAt: Date
  /** It was told by mistake and counts no more. */
  withdrawnAt: Date | null
}

export interface OutageStore {
  /** Newest first, those withdrawn too. */
  list(environment: KsefEnvironment): Promise<StoredOutage[]>
  insert(outage: StoredOutage): Promise<void>
  /** False when there is none that goes on. */
  end(id: OutageId, at: Date): Promise<boolean>
  withdraw(id: OutageId): Promise<boolean>
  /** Takes over what the lighthouse tells; answers whether anything was new. */
  takeOver(environment: KsefEnvironment, told: readonly (Outage & { reference: string })[]): Promise<boolean>
}
