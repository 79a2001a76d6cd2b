/** Every type of event, a file for each kind of thing that they tell of. The API's document is made from this. */
import { BATCH_EVENTS } from './batch-events.ts'
import { CREDENTIAL_EVENTS } from './credential-events.ts'
import type { EventType } from './event-type.ts'
import { INBOX_EVENTS } from './inbox-events.ts'
import { INTEGRATION_EVENTS } from './integration-events.ts'
import { INVOICE_EVENTS } from './invoice-events.ts'
import { WEBHOOK_EVENTS } from './webhook-events.ts'

export const EVENT_TYPES = {
  ...INVOICE_EVENTS,
  ...BATCH_EVENTS,
  ...INBOX_EVENTS,
  ...INTEGRATION_EVENTS,
  ...CREDENTIAL_EVENTS,
  ...WEBHOOK_EVENTS,
} as const satisfies Record<string, EventType>

export type EventTypeName = keyof typeof EVENT_TYPES

export const isEventType = (name: string): name is EventTypeName => Object.hasOwn(EVENT_TYPES, name)

export const EVENT_TYPE_NAMES: readonly EventTypeName[] = Object.keys(EVENT_TYPES).filter(isEventType)
