import type { ContextLimits, LimitCounter, RateLimits } from '@ksef-fleet/ksef'
import type { IntegrationId } from '../identifiers.ts'

/** What KSeF allows in the context of an integration, as it said last, and what it refuses until when. */
export type StoredLimits = {
  readonly rate: RateLimits | null
  readonly sizes: ContextLimits | null
  readonly readAt: Date | null
  /** By counter; also those that are over. */
  readonly blocks: { readonly [counter: string]: Date }
}

export interface LimitStore {
  get(id: IntegrationId): Promise<StoredLimits>
  /** What could be read; the rest stays as it was. */
  set(id: IntegrationId, read: { rate?: RateLimits; sizes?: ContextLimits; at: Date }): Promise<void>
  /** KSeF refuses calls of that counter until then; never moves an existing later time earlier. */
  block(id: IntegrationId, counter: LimitCounter, until: Date): Promise<void>
}
