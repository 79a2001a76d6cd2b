import {
  type CompanyId,
  EVENT_TYPES,
  type EventStore,
  type FleetEvent,
  type StoredEvent,
} from '@ksef-fleet/core'
import { and, asc, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm'
import { events as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** Events of one INSERT: they travel as one parameter. */
const EVENTS_MAX = 1_000

/** Columns of an event that has its place. */
export const storedEvent = {
  companyId: table.companyId,
  sequence: sql<number>`${table.sequence}`.mapWith(Number),
  position: sql<number>`${table.position}`.mapWith(Number),
  type: table.type,
  version: table.version,
  subject: table.subject,
  data: table.data,
  at: table.at,
}

/** @param companyId whose events are written and read; null: the provider's are written, and all are read */
export function eventStore(tx: Tx, companyId: CompanyId | null): EventStore {
  const place = companyId === null ? table.position : table.sequence
  const addAll = async (events: readonly FleetEvent[]): Promise<number> => {
    let added = 0
    for (let from = 0; from < events.length; from += EVENTS_MAX) {
      added += await insert(tx, companyId, events.slice(from, from + EVENTS_MAX))
    }
    return added
  }
  return {
    addAll,
    add: async (event) => (await addAll([event])) === 1,
    async head() {
      const own = companyId === null ? undefined : eq(table.companyId, companyId)
      const [found] = await tx
        .select({ head: sql<number>`coalesce(max(${place}), 0)`.mapWith(Number) })
        .from(table)
        .where(own)
      return found?.head ?? 0
    },
    async goesOnFrom(after) {
      if (after === 0) return true
      if (companyId === null) {
        const { rows } = await tx.execute(sql`select from event_retirement where position > ${after}`)
        return rows.length === 0
      }
      // A company's places have no gap but at their beginning.
      const { rows } = await tx.execute(sql`
        select from events where company_id = ${companyId} and sequence > ${after}
        having min(sequence) > ${after}::bigint + 1`)
      return rows.length === 0
    },
    async list({ after, through, types, companyId: wanted, limit }): Promise<StoredEvent[]> {
      const whose = companyId ?? wanted
      return tx
        .select(storedEvent)
        .from(table)
        .where(
          and(
            whose === undefined ? undefined : eq(table.companyId, whose),
            gt(place, after),
            lte(place, through),
            types === undefined ? undefined : inArray(table.type, [...types]),
          ),
        )
        .orderBy(asc(place))
        .limit(limit)
    },
  }
}

async function insert(tx: Tx, companyId: CompanyId | null, events: readonly FleetEvent[]): Promise<number> {
  const lines = JSON.stringify(
    events.map((event) => ({ ...event, version: EVENT_TYPES[event.type].version })),
  )
  const { rowCount } = await tx.execute(sql`
    insert into events (company_id, type, version, subject, key, data, at)
    select ${companyId}::uuid, type, version, subject, key, data, clock_timestamp()
      from rows from (jsonb_to_recordset(${lines}::jsonb) as (
             type text, version integer, subject text, key text, data jsonb)) with ordinality
     order by ordinality
    on conflict (company_id, key) do nothing`)
  return rowCount ?? 0
}

/** The condition that names one event. */
export const isEvent = ({ companyId, sequence }: Pick<StoredEvent, 'companyId' | 'sequence'>) =>
  and(
    companyId === null ? isNull(table.companyId) : eq(table.companyId, companyId),
    eq(table.sequence, sequence),
  )
