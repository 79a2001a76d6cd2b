import type { CompanyId, WebhookId } from '../identifiers.ts'
import type { FleetEvent, StoredEvent } from './fleet-event.ts'

/** A stretch of a log. Places are `sequence` in a company's log, and `position` in the provider's. */
export type EventStretch = {
  /** Strictly after this place; 0 is before the first. */
  after: number
  /** Up to this place and no further. */
  through: number
  types?: readonly string[]
  /** In the provider's log: this company's alone. */
  companyId?: CompanyId
  limit: number
}

/** Events written and read. A company's transaction reads the company's log; the system's the provider's, with everyone's. */
export interface EventStore {
  /** False when an event of the same key was written before. */
  add(event: FleetEvent): Promise<boolean>
  /** Many at once; answers how many were new. */
  addAll(events: readonly FleetEvent[]): Promise<number>
  /** The last place that is taken: whatever is placed from now on comes after it. 0 when there is none. */
  head(): Promise<number>
  /** In their order, and only those that have their place: nothing ever comes before one of them any more. */
  list(stretch: EventStretch): Promise<StoredEvent[]>
  /** False when something that came after that place is dropped. Nothing is asked of 0: the beginning is what there is. */
  goesOnFrom(after: number): Promise<boolean>
}

/** Whose webhook; null: the provider's. */
export type WebhookOwner = CompanyId | null

/**
 * @property events how many have their place now
 * @property owners whose they are; null is the provider
 * @property webhooks those that have something to deliver now
 */
export type Placed = {
  events: number
  owners: (CompanyId | null)[]
  webhooks: { owner: WebhookOwner; webhookId: WebhookId }[]
}

export interface EventLog {
  /**
   * Gives up to `limit` written events their place in the log, in the order they were written in, and each to the webhooks
   * that want it. One at a time over all workers; null when another one is at it.
   */
  place(limit: number): Promise<Placed | null>
  /**
   * Ends what waits for disabled webhooks, of events before that moment, up to `limit`: dead, for WEBHOOK_DISABLED_TOO_LONG.
   * What a worker holds it leaves alone. Answers how many.
   */
  giveUp(before: Date, limit: number): Promise<number>
  /**
   * Drops the oldest events, up to `limit` and of those before that moment, with their deliveries and attempts. The last event
   * of each owner stays, for the next one is counted on from it, and so does what is on its way to an enabled webhook, with
   * what follows it. Answers how many it has looked at.
   */
  retire(before: Date, limit: number): Promise<number>
}
