import {
  type CompanyId,
  type CompanyTransaction,
  SESSION_NEXT,
  type SessionChange,
  type SessionState,
} from '@ksef-fleet/core'
import { and, asc, eq, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { clock, clockIn, timer } from '../database-clock.ts'
import { presentHolder } from '../presence.ts'
import { sessions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { sessionColumns as columns } from './session-columns.ts'

/** KSeF is still to be asked about them, in the session they were sent into, also after that is settled. */
const UNFINISHED = sql.raw(`('claimed', 'packed', 'sent', 'lost', 'registered')`)

export function sessionStore(tx: Tx, companyId: CompanyId): CompanyTransaction['sessions'] {
  const own = (...conditions: SQL[]) => and(eq(table.companyId, companyId), ...conditions)
  const find = (...conditions: SQL[]) =>
    tx
      .select(columns)
      .from(table)
      .where(own(...conditions))
  const findOne = async (...conditions: SQL[]) => (await find(...conditions))[0] ?? null
  return {
    ...sessionWrites(tx, companyId),
    get: (id) => findOne(eq(table.id, id)),
    current: (environment, formCode) =>
      findOne(
        eq(table.environment, environment),
        eq(table.formCode, formCode),
        eq(table.kind, 'online'),
        inArray(table.state, ['opening', 'open']),
      ),
    findByReference: (referenceNumber) => findOne(eq(table.referenceNumber, referenceNumber)),
    async known(referenceNumbers) {
      const rows = await tx
        .select({ referenceNumber: table.referenceNumber })
        .from(table)
        .where(own(inArray(table.referenceNumber, [...referenceNumbers])))
      return rows.flatMap(({ referenceNumber }) => referenceNumber ?? [])
    },
    ofVersion: (credentialId, version) =>
      find(
        eq(table.credentialId, credentialId),
        eq(table.credentialVersion, version),
        sql`(${inArray(table.state, ['opening', 'open', 'closing', 'closed'])} or exists (
          select from submissions u
           where u.company_id = sessions.company_id and u.session_id = sessions.id and u.state in ${UNFINISHED}))`,
      ).orderBy(asc(table.createdAt), asc(table.id)),
    async isLeaseOver(id) {
      return (
        (await findOne(eq(table.id, id), eq(table.state, 'opening'), lt(table.leaseUntil, clock))) !== null
      )
    },
  }
}

type Writes = Pick<CompanyTransaction['sessions'], 'insertOpening' | 'move' | 'touch'>

function sessionWrites(tx: Tx, companyId: CompanyId): Writes {
  const own = (...conditions: SQL[]) => and(eq(table.companyId, companyId), ...conditions)
  return {
    async insertOpening({ leaseSeconds, ...session }) {
      const inserted = await tx
        .insert(table)
        .values({
          ...session,
          companyId,
          kind: 'online',
          state: 'opening',
          leaseUntil: clockIn(leaseSeconds),
          heldBy: presentHolder,
          polls: 0,
          createdAt: clock,
        })
        .onConflictDoNothing({
          target: [table.companyId, table.environment, table.formCode],
          where: sql`kind = 'online' and state in ('opening', 'open')`,
        })
        .returning({ id: table.id })
      return inserted.length === 1
    },
    async move(id, { from, to, set = {} }) {
      assertSessionMove(from, to)
      const moved = await tx
        .update(table)
        .set({ ...changeOf(set), state: to })
        .where(own(eq(table.id, id), eq(table.state, from), ...onlyOnline({ from, to })))
        .returning({ id: table.id })
      return moved.length === 1
    },
    async touch(id, set) {
      await tx
        .update(table)
        .set(changeOf(set))
        .where(own(eq(table.id, id)))
    },
  }
}

/** Whoever drives a batch closes it, once its parts are there; nobody else's reason to end a session touches it before. */
const onlyOnline = ({ from, to }: { from: SessionState; to: SessionState }): SQL[] =>
  (from === 'open' || from === 'opening') && to !== 'open' ? [eq(table.kind, 'online')] : []

function assertSessionMove(from: SessionState, to: SessionState): void {
  const allowed: readonly SessionState[] = SESSION_NEXT[from]
  if (!allowed.includes(to)) throw new Error(`session cannot go from ${from} to ${to}`)
}

function changeOf({ nextPollAt, ...rest }: SessionChange) {
  return {
    ...rest,
    ...(nextPollAt === undefined ? {} : { nextPollAt: nextPollAt === null ? null : timer(nextPollAt) }),
  }
}
