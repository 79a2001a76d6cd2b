import type { CompanyId, GroupKey, KsefEnvironment, PendingGroup } from '@ksef-fleet/core'
import { and, eq, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import { statementClock } from '../database-clock.ts'
import { submissions } from '../tables.ts'
import type { Tx } from '../transaction.ts'

/** Pending submissions that are due and have nothing to go after. */
const due = (environment: KsefEnvironment): SQL | undefined =>
  and(
    eq(submissions.environment, environment),
    eq(submissions.state, 'pending'),
    isNull(submissions.waitsFor),
    lte(submissions.nextAttemptAt, statementClock),
  )

/** Those of them that the planner treats alike. */
export const dueOfGroup = (environment: KsefEnvironment, group: GroupKey): SQL | undefined =>
  and(
    due(environment),
    eq(submissions.formCode, group.formCode),
    eq(submissions.delivery, group.delivery),
    eq(submissions.hasAttachment, group.hasAttachment),
    group.packageMax === null ? isNull(submissions.packageMax) : eq(submissions.packageMax, group.packageMax),
    (group.offline ? isNotNull : isNull)(submissions.offlineMode),
    (group.technical ? isNotNull : isNull)(submissions.correctsHash),
  )

/** Who of a group goes first. Indexes answer both. */
export const orderOf = ({ offline }: Pick<GroupKey, 'offline'>): SQL[] => [
  ...(offline ? [sql`${submissions.deadline} asc nulls last`] : []),
  sql`${submissions.nextAttemptAt} asc`,
]

const offline = sql<boolean>`(${submissions.offlineMode} is not null)`
const technical = sql<boolean>`(${submissions.correctsHash} is not null)`

/** What waits, by what the planner tells apart. */
export const pendingGroups = (
  tx: Tx,
  companyId: CompanyId,
  environment: KsefEnvironment,
): Promise<PendingGroup[]> =>
  tx
    .select({
      formCode: submissions.formCode,
      delivery: submissions.delivery,
      hasAttachment: submissions.hasAttachment,
      packageMax: submissions.packageMax,
      offline,
      technical,
      deadline: sql<string | null>`min(${submissions.deadline})::text`,
      count: sql<number>`count(*)::int`,
      oldestAt: sql`min(${submissions.nextAttemptAt})`.mapWith(submissions.createdAt),
      newestAt: sql`max(${submissions.nextAttemptAt})`.mapWith(submissions.createdAt),
    })
    .from(submissions)
    .where(and(eq(submissions.companyId, companyId), due(environment)))
    .groupBy(
      submissions.formCode,
      submissions.delivery,
      submissions.hasAttachment,
      submissions.packageMax,
      offline,
      technical,
    )
