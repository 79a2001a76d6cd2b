import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import { readCursor, writeCursor } from '../keys/cursor.ts'
import type { KeyRealm } from '../keys/key-realm.ts'
import type { AuditFilter, AuditPosition, AuditSeal, StoredAuditEntry } from './audit-entry.ts'

type Deps = Pick<CoreDependencies, 'db'>

/**
 * One page of the audit log, newest first: a company's own entries, or for the provider everyone's.
 *
 * @param page.filter its `limit` is 1 to 200. A cursor is good for the filter it was given for.
 * @throws FleetError NOT_FOUND when the company does not exist, CURSOR_INVALID
 */
export async function listAudit(
  deps: Deps & { cursorKey: Uint8Array },
  page: { realm: KeyRealm; filter: Omit<AuditFilter, 'before'>; cursor?: string },
): Promise<{ entries: StoredAuditEntry[]; nextCursor: string | null }> {
  const owner = cursorOwner(page.realm, page.filter)
  const before =
    page.cursor === undefined ? undefined : positionOf(readCursor(deps.cursorKey, owner, page.cursor))
  const { limit } = page.filter
  const filter = { ...page.filter, limit: limit + 1, ...(before === undefined ? {} : { before }) }
  const found = await entriesOf(deps, page.realm, filter)
  const entries = found.slice(0, limit)
  const last = entries.at(-1)
  if (found.length <= limit || last === undefined) return { entries, nextCursor: null }
  const position = { at: last.at.toISOString(), id: last.id }
  return { entries, nextCursor: writeCursor(deps.cursorKey, owner, position) }
}

function entriesOf(deps: Deps, realm: KeyRealm, filter: AuditFilter): Promise<StoredAuditEntry[]> {
  if (realm.scope === 'provider') return deps.db.asSystem('read-audit', (tx) => tx.audit.list(filter))
  return deps.db.readCompany(realm.companyId, async (reads) => {
    if ((await reads.companies.get()) === null) throw new FleetError('NOT_FOUND')
    return reads.audit.list(filter)
  })
}

function cursorOwner(realm: KeyRealm, { limit: _, ...filter }: Omit<AuditFilter, 'before'>): string[] {
  const { from, to, action = '', outcome = '', operation = '', referenceNumber = '', actor = '' } = filter
  return [
    'audit',
    realm.scope === 'provider' ? '' : realm.companyId,
    from?.toISOString() ?? '',
    to?.toISOString() ?? '',
    action,
    outcome,
    operation,
    referenceNumber,
    actor,
  ]
}

function positionOf(position: Record<string, string> | null): AuditPosition {
  if (position?.at === undefined || position.id === undefined) throw new FleetError('CURSOR_INVALID')
  return { at: new Date(position.at), id: position.id }
}

/**
 * The chain over one day of the log, and whether it holds: recomputed now from the entries themselves.
 *
 * @param day ISO date, UTC
 */
export const readAuditChain = (
  deps: Deps,
  day: string,
): Promise<{ seals: AuditSeal[]; broken: { block: number; why: string } | null }> =>
  deps.db.asSystem('read-audit', async (tx) => ({
    seals: await tx.audit.seals(day),
    broken: await tx.audit.verify(day),
  }))
