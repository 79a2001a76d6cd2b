import type { z } from 'zod'
import type { CompanyId } from '../identifiers.ts'
import type { EVENT_TYPES, EventTypeName } from './event-types.ts'

/** What the fleet tells the world. Written in the transaction of the change it tells of. */
export type FleetEvent = {
  [Name in EventTypeName]: {
    type: Name
    /** Id of what it is about. */
    subject: string
    /** The same happening is written once under its key, however often it is noticed. */
    key: string
    /** Ids, numbers, dates and codes: no document, no secret. */
    data: z.infer<(typeof EVENT_TYPES)[Name]['data']>
  }
}[EventTypeName]

/** An event with its place in the log. */
export type StoredEvent = {
  /** null: of the provider. */
  companyId: CompanyId | null
  /** Its place among its owner's, counted without a gap from 1. */
  sequence: number
  /** Its place among everyone's. Only the provider learns it: it tells how much happens at all. */
  position: number
  /** Of this version or of another, which may know more types. */
  type: string
  version: number
  subject: string
  data: Record<string, unknown>
  at: Date
}

const EVENT_ID = /^evt_(provider|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_([1-9]\d{0,14})$/

/** How the world names an event: for good, and on every way it is told. */
export const eventIdOf = ({ companyId, sequence }: Pick<StoredEvent, 'companyId' | 'sequence'>): string =>
  `evt_${companyId ?? 'provider'}_${sequence}`

/** The owner and the place that an event's id names, or null when it is none. */
export function readEventId(id: string): Pick<StoredEvent, 'companyId' | 'sequence'> | null {
  const [, owner, sequence] = EVENT_ID.exec(id) ?? []
  if (owner === undefined || sequence === undefined) return null
  return { companyId: owner === 'provider' ? null : (owner as CompanyId), sequence: Number(sequence) }
}
