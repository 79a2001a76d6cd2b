import type { StoredEvent } from '../events/fleet-event.ts'
import type { WebhookId } from '../identifiers.ts'
import type {
  Webhook,
  WebhookAttempt,
  WebhookChange,
  WebhookDelivery,
  WebhookDeliveryState,
} from './webhook.ts'

/** A delivery that one worker holds. `fence` names its hold: what it writes counts only while nobody took it over. */
export type ClaimedDelivery = {
  /** The store's name of the event. */
  eventId: string
  event: StoredEvent
  fence: number
  /** Attempts since it became due anew: its place in the schedule. */
  tries: number
  /** Those that share one go one after the other where the webhook is ordered. */
  lane: string
}

/** What became of one attempt. */
export type DeliveryResult = Pick<ClaimedDelivery, 'eventId' | 'fence'> &
  Omit<WebhookAttempt, 'number'> & {
    state: WebhookDeliveryState
    /** Of a pending one. */
    nextAttemptAt: Date | null
    /** Whoever holds it tries again soon. */
    held: boolean
  }

/** The webhooks of one owner and what is on its way to them. */
export interface WebhookStore {
  insert(webhook: Webhook): Promise<void>
  /** Null also when it is removed. */
  get(id: WebhookId): Promise<Webhook | null>
  /** As `get`; nobody else changes it or claims for it before this transaction ends. */
  lock(id: WebhookId): Promise<Webhook | null>
  /** Oldest first, without removed ones. */
  list(): Promise<Webhook[]>
  update(id: WebhookId, set: WebhookChange): Promise<void>
  /** Something has arrived: it counts as well from here on. */
  recover(id: WebhookId): Promise<void>
  /**
   * Takes what is due, for `leaseSeconds` on the database's clock; to be called under `lock`. Of an ordered webhook up to
   * `laneMax` of each lane whose first one is due and that nobody holds, in their order.
   */
  claim(
    webhook: Pick<Webhook, 'id' | 'ordered'>,
    claim: { limit: number; laneMax: number; leaseSeconds: number },
  ): Promise<ClaimedDelivery[]>
  /** Writes results and their attempts; of several of one delivery the last counts. One whose fence is out of date counts for nothing. */
  record(id: WebhookId, results: readonly DeliveryResult[]): Promise<void>
  /** Gives back what was not tried. */
  release(id: WebhookId, claims: readonly Pick<ClaimedDelivery, 'eventId' | 'fence'>[]): Promise<void>
  /** Newest event first, strictly before that place: of everyone's, or among the owner's own. */
  deliveries(
    id: WebhookId,
    page: {
      limit: number
      before?: { by: 'position' | 'sequence'; place: number }
      state?: WebhookDeliveryState
    },
  ): Promise<WebhookDelivery[]>
  delivery(id: WebhookId, event: EventName): Promise<WebhookDelivery | null>
  attempts(id: WebhookId, event: EventName): Promise<WebhookAttempt[]>
  /**
   * Makes events due at once, whatever became of them before; one that is being tried right now is left alone. Answers how
   * many, and up to what place it has looked.
   *
   * @param range places as in `EventStretch`
   */
  redeliver(
    id: WebhookId,
    range: {
      after: number
      through: number
      types: readonly string[] | null
      delivered: boolean
      limit: number
    },
  ): Promise<{ events: number; through: number }>
  /** The same for one event, delivered or not. False when there is no such event. */
  redeliverOne(id: WebhookId, event: EventName): Promise<boolean>
}

export type EventName = Pick<StoredEvent, 'companyId' | 'sequence'>
