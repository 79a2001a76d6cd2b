import type { CompanyId, EventStore } from '@ksef-fleet/core'
import { clock } from '../database-clock.ts'
import { events } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** @param companyId null for an event of the provider. */
export const eventStore = (tx: Tx, companyId: CompanyId | null): EventStore => ({
  async add(event) {
    const added = await tx
      .insert(events)
      .values({ ...event, companyId, at: clock })
      .onConflictDoNothing({ target: [events.companyId, events.key] })
      .returning({ id: events.id })
    return added.length === 1
  },
})
