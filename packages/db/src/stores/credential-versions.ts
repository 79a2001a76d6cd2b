import {
  type CompanyId,
  type CredentialId,
  type CredentialStore,
  VERSION_NEXT,
  type VersionChange,
  type VersionState,
} from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, isNull, or } from 'drizzle-orm'
import { clock, timer } from '../database-clock.ts'
import { ksefCredentialVersions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const { companyId: ofCompany, stepRungAt, noticeRungAt, ...columns } = getTableColumns(table)

/** What a `CredentialVersion` of packages/core is made of; its owner and the sweeper's marks are not. */
export const versionColumns = columns

/** In these no step is due unless somebody says when: the version serves, or it is over. */
const AT_REST: readonly VersionState[] = ['active', 'erased']

type Versions = Pick<
  CredentialStore,
  'versions' | 'version' | 'insertVersion' | 'moveVersion' | 'touchVersion'
>

export function credentialVersionStore(tx: Tx, owner: CompanyId | null): Versions {
  const mine = owner === null ? isNull(table.companyId) : eq(table.companyId, owner)
  const visible = owner === null ? mine : or(mine, isNull(table.companyId))
  const own = (id: CredentialId, number: number) =>
    and(mine, eq(table.credentialId, id), eq(table.number, number))
  const at = (
    id: CredentialId,
    number: number,
    { state, tries }: { state: VersionState; tries?: number | undefined },
  ) => and(own(id, number), eq(table.state, state), tries === undefined ? undefined : eq(table.tries, tries))
  return {
    versions: (id) =>
      tx
        .select(columns)
        .from(table)
        .where(and(visible, eq(table.credentialId, id)))
        .orderBy(asc(table.number)),
    async version(id, number) {
      const [found] = await tx
        .select(columns)
        .from(table)
        .where(and(visible, eq(table.credentialId, id), eq(table.number, number)))
      return found ?? null
    },
    async insertVersion(version) {
      await tx.insert(table).values({ ...version, companyId: owner })
    },
    async moveVersion(id, number, { from, to, tries, set = {} }) {
      assertVersionMove(from, to)
      const moved = await tx
        .update(table)
        .set({ ...entryOf(to), ...changeOf(set), state: to })
        .where(at(id, number, { state: from, tries }))
        .returning({ number: table.number })
      return moved.length === 1
    },
    async touchVersion(id, number, { set, ...where }) {
      const touched = await tx
        .update(table)
        .set(changeOf(set))
        .where(at(id, number, where))
        .returning({ number: table.number })
      return touched.length === 1
    },
  }
}

function assertVersionMove(from: VersionState, to: VersionState): void {
  const allowed: readonly VersionState[] = VERSION_NEXT[from]
  if (!allowed.includes(to)) throw new Error(`a credential's version cannot go from ${from} to ${to}`)
}

/** What entering a state means where the caller says nothing else: its step is due at once and has not been tried. */
function entryOf(state: VersionState) {
  return {
    tries: 0,
    nextStepAt: AT_REST.includes(state) ? null : clock,
    ...(state === 'active' ? { activatedAt: clock } : { nextNoticeAt: null }),
    ...(state === 'retiring' ? { retiredAt: clock } : {}),
    ...(state === 'erased' ? { erasedAt: clock } : {}),
  }
}

/** `VersionChange` as columns: the two timers never lie before the database's present. */
function changeOf({ nextStepAt, nextNoticeAt, ...rest }: VersionChange) {
  const timed = (at: Date | null) => (at === null ? null : timer(at))
  return {
    ...rest,
    ...(nextStepAt === undefined ? {} : { nextStepAt: timed(nextStepAt) }),
    ...(nextNoticeAt === undefined ? {} : { nextNoticeAt: timed(nextNoticeAt) }),
  }
}
