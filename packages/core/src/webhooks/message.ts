import { eventIdOf, type StoredEvent } from '../events/fleet-event.ts'

/** An event as it is told to the world: by the log, by a stream and by webhooks alike. */
export const toldEvent = (event: StoredEvent) => ({
  id: eventIdOf(event),
  type: event.type,
  version: event.version,
  timestamp: event.at.toISOString(),
  companyId: event.companyId,
  sequence: event.sequence,
  subject: event.subject,
  data: event.data,
})

export const webhookBody = (event: StoredEvent): string => JSON.stringify(toldEvent(event))
