import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { KeyRealm } from '../keys/key-realm.ts'
import type { EventStretch } from './event-store.ts'
import type { StoredEvent } from './fleet-event.ts'

/** Which events of a realm's log are wanted. */
export type EventFilter = {
  types?: readonly string[]
  /** For the provider: this company's alone. */
  companyId?: CompanyId
}

/**
 * @property next the place to go on after: that of the last event, or of the last that did not fit the filter
 * @property hasMore there was no room for all
 */
export type EventPage = { events: StoredEvent[]; next: number; hasMore: boolean }

/**
 * The next events of a log, oldest first. Whoever goes on after `next` each time gets every event once.
 *
 * @param page.after a place in that log, 0 for its beginning
 * @throws FleetError NOT_FOUND when the company does not exist
 */
export function listEvents(
  deps: Pick<CoreDependencies, 'db'>,
  page: { realm: KeyRealm; filter: EventFilter; after: number; limit: number },
): Promise<EventPage> {
  const { realm } = page
  if (realm.scope === 'provider') return deps.db.asSystem('read-events', ({ events }) => pageOf(events, page))
  return deps.db.readCompany(realm.companyId, async ({ companies, events }) => {
    if ((await companies.get()) === null) throw new FleetError('NOT_FOUND')
    return pageOf(events, page)
  })
}

/** Where a realm's log ends now. */
export const headOfEvents = (deps: Pick<CoreDependencies, 'db'>, realm: KeyRealm): Promise<number> =>
  realm.scope === 'provider'
    ? deps.db.asSystem('read-events', ({ events }) => events.head())
    : deps.db.readCompany(realm.companyId, ({ events }) => events.head())

/**
 * Whoever was away for longer than events are kept cannot go on where it was: some are gone.
 *
 * @param after a place in that log, as for `listEvents`
 * @throws FleetError EVENTS_EXPIRED
 */
export async function assertEventsKept(
  deps: Pick<CoreDependencies, 'db'>,
  realm: KeyRealm,
  after: number,
): Promise<void> {
  const goesOn =
    realm.scope === 'provider'
      ? await deps.db.asSystem('read-events', ({ events }) => events.goesOnFrom(after))
      : await deps.db.readCompany(realm.companyId, ({ events }) => events.goesOnFrom(after))
  if (!goesOn) throw new FleetError('EVENTS_EXPIRED')
}

export const placeOf = (realm: KeyRealm, { sequence, position }: StoredEvent): number =>
  realm.scope === 'provider' ? position : sequence

async function pageOf(
  events: { head(): Promise<number>; list(stretch: EventStretch): Promise<StoredEvent[]> },
  { realm, filter, after, limit }: Parameters<typeof listEvents>[1],
): Promise<EventPage> {
  // The end first: what comes between the two questions is the next page's.
  const head = await events.head()
  const found = await events.list({ ...filter, after, through: head, limit: limit + 1 })
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const hasMore = found.length > limit && last !== undefined
  return { events: page, next: hasMore ? placeOf(realm, last) : Math.max(head, after), hasMore }
}
