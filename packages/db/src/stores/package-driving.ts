import type { CompanyId, PackageLease, PackageStore, SessionId } from '@ksef-fleet/core'
import { and, asc, eq, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { clock, clockIn, timer } from '../database-clock.ts'
import { sessionParts as parts, sessions } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { packageResults } from './package-results.ts'
import { sessionColumns } from './session-columns.ts'

type Leases = Pick<PackageStore, 'lease' | 'renew' | 'rest'>
type Steps = Pick<PackageStore, 'opened' | 'parts' | 'uploaded' | 'closing' | 'abandon'>

/** What whoever drives a package writes: nothing of it counts once another worker has taken over. */
export const packageDriving = (tx: Tx, companyId: CompanyId): Leases & Steps => ({
  ...leases(tx, companyId),
  ...steps(tx, companyId),
})

/** Writes to the one batch session that is meant, and tells whether there was such a one. */
function writer(tx: Tx, companyId: CompanyId) {
  const own = (id: SessionId, ...conditions: (SQL | undefined)[]) =>
    and(eq(sessions.companyId, companyId), eq(sessions.id, id), eq(sessions.kind, 'batch'), ...conditions)
  return {
    own,
    held: ({ sessionId, fence }: PackageLease, ...conditions: SQL[]) =>
      own(sessionId, eq(sessions.fence, fence), ...conditions),
    update: async (set: Record<string, unknown>, where: SQL | undefined): Promise<boolean> =>
      (await tx.update(sessions).set(set).where(where).returning({ id: sessions.id })).length === 1,
  }
}

function leases(tx: Tx, companyId: CompanyId): Leases {
  const { own, held, update } = writer(tx, companyId)
  const driven = inArray(sessions.state, ['opening', 'open'])
  return {
    async lease(id, seconds) {
      const free = or(isNull(sessions.leaseUntil), lt(sessions.leaseUntil, clock))
      const [leased] = await tx
        .update(sessions)
        .set({ fence: sql`${sessions.fence} + 1`, leaseUntil: clockIn(seconds) })
        .where(own(id, driven, free))
        .returning(sessionColumns)
      return leased ?? null
    },
    renew: (lease, seconds) => update({ leaseUntil: clockIn(seconds) }, held(lease, driven)),
    async rest(lease, until) {
      const polls = sql`${sessions.polls} + 1`
      await update({ leaseUntil: timer(until), polls }, held(lease, driven))
    },
  }
}

function steps(tx: Tx, companyId: CompanyId): Steps {
  const { own, held, update } = writer(tx, companyId)
  const ofSession = (id: SessionId) => and(eq(parts.companyId, companyId), eq(parts.sessionId, id))
  return {
    async opened(lease, { parts: declared, ...set }) {
      const moved = await update(
        { ...set, state: 'open', openedAt: clock, lastUsedAt: clock, polls: 0 },
        held(lease, eq(sessions.state, 'opening')),
      )
      if (!moved) return false
      await tx
        .insert(parts)
        .values(declared.map((part) => ({ ...part, companyId, sessionId: lease.sessionId })))
      return true
    },
    parts: (id) =>
      tx
        .select({
          ordinalNumber: parts.ordinalNumber,
          fileSize: parts.fileSize,
          fileHash: parts.fileHash,
          sealedUpload: parts.sealedUpload,
          uploadedAt: parts.uploadedAt,
        })
        .from(parts)
        .where(ofSession(id))
        .orderBy(asc(parts.ordinalNumber)),
    async uploaded(lease, ordinalNumber) {
      if (!(await update({ lastUsedAt: clock }, held(lease, eq(sessions.state, 'open'))))) return false
      await tx
        .update(parts)
        .set({ uploadedAt: clock })
        .where(and(ofSession(lease.sessionId), eq(parts.ordinalNumber, ordinalNumber)))
      return true
    },
    closing(lease) {
      const whole = sql`not exists (select from session_parts p where p.company_id = sessions.company_id
        and p.session_id = sessions.id and p.uploaded_at is null)`
      const set = { state: 'closing', leaseUntil: null, nextPollAt: clock, polls: 0 }
      return update(set, held(lease, eq(sessions.state, 'open'), whole))
    },
    async abandon(id, { from, fence, ...why }) {
      const fenced = fence === undefined ? undefined : eq(sessions.fence, fence)
      const set = { state: 'abandoned', leaseUntil: null, nextPollAt: null }
      if (!(await update(set, own(id, eq(sessions.state, from), fenced)))) return false
      await packageResults(tx, companyId).unpackAll(id, why)
      return true
    },
  }
}
