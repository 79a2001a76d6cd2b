// Official tag "Status wysyłki i UPO": the list of sessions; sesja-sprawdzenie-stanu-i-pobranie-upo.md.
import * as z from 'zod'
import type { Result } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { absentDate, wireDate } from '../wire-date.ts'
import { absent, continuation, present, referenceNumber, status, type WireStatus } from './wire.ts'

/** `InProgress` and `Failed` each stand for several codes of {@link SessionStatus}. */
export type CommonSessionStatus = 'InProgress' | 'Succeeded' | 'Failed' | 'Cancelled'

/** Which sessions to list; KSeF requires the type. `pageSize` 10 to 1,000, 10 when left out. */
export type SessionFilter = {
  readonly sessionType: 'Online' | 'Batch'
  readonly referenceNumber?: string
  readonly statuses?: readonly CommonSessionStatus[]
  readonly dateCreatedFrom?: Date
  readonly dateCreatedTo?: Date
  readonly dateClosedFrom?: Date
  readonly dateClosedTo?: Date
  readonly dateModifiedFrom?: Date
  readonly dateModifiedTo?: Date
  readonly pageSize?: number
  readonly continuationToken?: string
}

export type ListedSession = {
  readonly referenceNumber: string
  /** See {@link meaningOfSessionStatus}. */
  readonly status: WireStatus
  readonly dateCreated: Date
  readonly dateUpdated?: Date
  readonly validUntil?: Date
  readonly totalInvoiceCount?: number
  readonly successfulInvoiceCount?: number
  readonly failedInvoiceCount?: number
}

export type SessionPage = {
  readonly sessions: readonly ListedSession[]
  readonly continuationToken?: string
}

const SessionRow = z
  .object({
    referenceNumber,
    status,
    dateCreated: wireDate,
    dateUpdated: absentDate,
    validUntil: absentDate,
    totalInvoiceCount: absent(z.number()),
    successfulInvoiceCount: absent(z.number()),
    failedInvoiceCount: absent(z.number()),
  })
  .transform((row): ListedSession => present(row))

export const SessionsQueryResponse = z
  .object({ continuationToken: absent(z.string()), sessions: z.array(SessionRow) })
  .transform(({ sessions, continuationToken }): SessionPage => {
    const more = continuationToken !== undefined && continuationToken !== ''
    return more ? { sessions, continuationToken } : { sessions }
  })

/** One page of the sessions of the context, the latest first. Needs `InvoiceWrite`; 60 calls an hour per context. */
export type ListSessions = (access: Sealed<string>, filter: SessionFilter) => Promise<Result<SessionPage>>

export const listSessions =
  (http: KsefHttp): ListSessions =>
  (access, { continuationToken, statuses, pageSize, sessionType, referenceNumber, ...dates }) => {
    const moments = Object.entries(dates).map(([name, date]) => [name, date?.toISOString()] as const)
    const query = { sessionType, referenceNumber, statuses, pageSize, ...Object.fromEntries(moments) }
    const headers = continuation(continuationToken)
    return http.json({ operation: 'listSessions', access, headers, query }, SessionsQueryResponse)
  }
