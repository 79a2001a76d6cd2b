/**
 * A webhook: where events are posted to as they happen, by the Standard Webhooks specification.
 *
 * enabled   events are delivered.
 * disabled  nothing is: somebody wished it, or the receiver said 410, or failed for long (`disabledCode`). What waits, waits.
 * removed   its secrets are gone, and the API knows it no more.
 *
 * A delivery is one event on its way to one webhook:
 *
 * pending    due at `nextAttemptAt`, unless one worker holds it until its lease ends.
 * delivered  the receiver said 2xx.
 * dead       it did not, as often as it was asked, or was disabled until the event had to go. Delivered again only when
 *            somebody asks for it.
 */
import type { StoredEvent } from '../events/fleet-event.ts'
import type { CompanyId, WebhookId } from '../identifiers.ts'

export const WEBHOOK_STATES = ['enabled', 'disabled', 'removed'] as const
export type WebhookState = (typeof WEBHOOK_STATES)[number]

export const WEBHOOK_DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const
export type WebhookDeliveryState = (typeof WEBHOOK_DELIVERY_STATES)[number]

export const WEBHOOKS_MAX = 20

/** A secret sealed for its webhook. The first of a list is the newest. */
export type WebhookSecret = {
  sealed: string
  /** After a rotation: until then it signs too. ISO time; null: it is the present one. */
  until: string | null
}

export type Webhook = {
  id: WebhookId
  /** null: the provider's, which hears of every company. */
  companyId: CompanyId | null
  url: string
  name: string
  /** null: events of every type. */
  types: readonly string[] | null
  /** Each company's events one after the other: who fails holds up those behind it. */
  ordered: boolean
  state: WebhookState
  disabledCode: string | null
  /** Since then nothing is delivered to it, by the fleet's decision or somebody's wish. */
  disabledAt: Date | null
  secrets: readonly WebhookSecret[]
  /** Since then nothing has arrived. */
  failingSince: Date | null
  /** Failures since something arrived. */
  failures: number
  /** The receiver asked for a pause. */
  blockedUntil: Date | null
  createdAt: Date
}

export type WebhookChange = Partial<
  Pick<
    Webhook,
    | 'url'
    | 'name'
    | 'types'
    | 'ordered'
    | 'state'
    | 'disabledCode'
    | 'disabledAt'
    | 'secrets'
    | 'failingSince'
    | 'failures'
    | 'blockedUntil'
  >
>

export type WebhookDelivery = {
  event: Pick<StoredEvent, 'companyId' | 'sequence' | 'position' | 'type' | 'at'>
  state: WebhookDeliveryState
  /** In all. */
  attempts: number
  nextAttemptAt: Date | null
  /** Of the last attempt. */
  status: number | null
  code: string | null
  endedAt: Date | null
}

export type WebhookAttempt = {
  number: number
  at: Date
  durationMs: number
  /** HTTP status; null when there was no answer. */
  status: number | null
  /** Why it failed; null when it arrived. */
  code: string | null
  /** The beginning of the answer's body. */
  answer: string | null
}
