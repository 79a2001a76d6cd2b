import {
  EVENT_TYPE_NAMES,
  EVENT_TYPES,
  type EventTypeName,
  type StoredEvent,
  toldEvent,
} from '@ksef-fleet/core'
import { z } from 'zod'
import { Moment } from './page.ts'

/** `invoice.registered` is `InvoiceRegisteredEvent`. */
export const componentOf = (type: string): string =>
  `${type.replaceAll(/(?:^|\.)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Event`

const envelope = {
  id: z.string().meta({
    description:
      'Its name for good, however often and on whatever way it is told; `webhook-id` of a webhook.',
    examples: ['evt_0199c1d2-5b7e-7c55-9a53-1f0c5a9e2b11_42'],
  }),
  version: z.int().meta({ description: 'Of the form of `data`. Fields may be added without a new one.' }),
  timestamp: Moment,
  companyId: z.uuid().nullable().meta({ description: 'Null for the provider itself.' }),
  sequence: z.int().min(1).meta({
    description:
      "Its place among the company's events (or the provider's own), counted without a gap from 1.",
  }),
  subject: z.string().meta({ description: 'Id of what it is about.' }),
}

const viewOf = (type: EventTypeName) =>
  z
    .object({ ...envelope, type: z.literal(type), data: EVENT_TYPES[type].data })
    .meta({ id: componentOf(type), description: EVENT_TYPES[type].means })

/** During an upgrade another process may write what this one does not know yet; it is passed on. */
const OtherEvent = z.object({ ...envelope, type: z.string(), data: z.record(z.string(), z.unknown()) }).meta({
  id: 'OtherEvent',
  description: 'Of a type that is not listed here. Pass over types you do not know.',
})

export const EventView = z
  .union([...EVENT_TYPE_NAMES.map(viewOf), OtherEvent])
  .meta({ id: 'Event', description: 'What happened, in ids, numbers, dates and codes.' })

export const viewEvent = (event: StoredEvent): z.infer<typeof OtherEvent> => toldEvent(event)
