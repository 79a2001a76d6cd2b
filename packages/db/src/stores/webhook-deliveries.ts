/** Deliveries as people look at them. */
import type { WebhookStore } from '@ksef-fleet/core'
import { and, asc, desc, eq, getTableColumns, lt, type SQL } from 'drizzle-orm'
import { webhookAttempts as attempts, events, webhookDeliveries as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { isEvent, storedEvent } from './events.ts'

const { endpointId, eventId, companyId, ...attempt } = getTableColumns(attempts)

export const webhookDeliveries = (tx: Tx): Pick<WebhookStore, 'deliveries' | 'delivery' | 'attempts'> => {
  const find = (...conditions: (SQL | undefined)[]) =>
    tx
      .select({
        event: {
          companyId: storedEvent.companyId,
          sequence: storedEvent.sequence,
          position: storedEvent.position,
          type: storedEvent.type,
          at: storedEvent.at,
        },
        state: table.state,
        attempts: table.attempts,
        nextAttemptAt: table.nextAttemptAt,
        status: table.status,
        code: table.code,
        endedAt: table.endedAt,
      })
      .from(table)
      .innerJoin(events, eq(events.id, table.eventId))
      .where(and(...conditions))
  return {
    deliveries: (id, { limit, before, state }) =>
      find(
        eq(table.endpointId, id),
        before && lt(before.by === 'position' ? table.position : events.sequence, before.place),
        state === undefined ? undefined : eq(table.state, state),
      )
        .orderBy(desc(table.position))
        .limit(limit),
    async delivery(id, event) {
      const [found] = await find(eq(table.endpointId, id), isEvent(event))
      return found ?? null
    },
    attempts: (id, event) =>
      tx
        .select(attempt)
        .from(attempts)
        .innerJoin(events, eq(events.id, attempts.eventId))
        .where(and(eq(attempts.endpointId, id), isEvent(event)))
        .orderBy(asc(attempts.number)),
  }
}
