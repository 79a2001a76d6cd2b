import type { CompanyId, KnownOutages, KsefEnvironment, OfflineStore, OutageKind } from '@ksef-fleet/core'
import { and, asc, eq, inArray, isNotNull, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefAvailability, offlineSettings, submissions as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { findAvailability } from './availability.ts'
import { withCorrectionsOf } from './submission-followers.ts'

const columns = {
  id: table.id,
  environment: table.environment,
  batchId: table.batchId,
  state: table.state,
  kind: table.kind,
  number: table.number,
  issueDate: table.issueDate,
  sellerNip: table.sellerNip,
  offlineMode: table.offlineMode,
  deadline: table.deadline,
  alarmStage: table.alarmStage,
  issuedAt: sql`
    case when offline_choice = 'policy' or offline_mode = 'offline24' then coalesce(
      (select o.created_at from submissions o
        where o.company_id = submissions.company_id and o.id = submissions.corrects_id), created_at) end`.mapWith(
    table.createdAt,
  ),
}

/** KSeF has not registered them. */
const unregistered = and(isNotNull(table.offlineMode), notInArray(table.state, ['registered', 'receipted']))

export function offlineStore(tx: Tx, companyId: CompanyId): OfflineStore {
  const own = (environment: KsefEnvironment, ...conditions: (SQL | undefined)[]) =>
    and(eq(table.companyId, companyId), eq(table.environment, environment), unregistered, ...conditions)
  return {
    availability: (environment) => findAvailability(tx, environment),
    outages: (environment) => knownOutages(tx, environment),
    async settings() {
      const [found] = await tx
        .select({ automatic: offlineSettings.automatic })
        .from(offlineSettings)
        .where(eq(offlineSettings.companyId, companyId))
      return found ?? null
    },
    async configure({ automatic }) {
      const set = { automatic, changedAt: clock }
      await tx
        .insert(offlineSettings)
        .values({ companyId, ...set })
        .onConflictDoUpdate({ target: offlineSettings.companyId, set })
    },
    toReckon: (environment, limit) =>
      tx
        .select(columns)
        .from(table)
        .where(own(environment, sql`${table.outagesAt} < ${changedAt(environment)}`))
        .orderBy(asc(table.id))
        .limit(limit),
    toAlarm: (environment, by, limit) =>
      tx
        .select(columns)
        .from(table)
        .where(own(environment, lte(table.alarmAt, by)))
        .orderBy(asc(table.alarmAt), asc(table.id))
        .limit(limit),
    ...offlineWrites(tx, companyId),
    async standing(environment, today) {
      const [found] = await tx
        .select({
          waiting: sql<number>`count(*)::int`,
          late: sql<number>`count(*) filter (where ${table.deadline} < ${today}::date)::int`,
          nextDeadline: sql<
            string | null
          >`min(${table.deadline}) filter (where ${table.deadline} >= ${today}::date)::text`,
        })
        .from(table)
        .where(own(environment, isNotNull(table.deadline), isNotNull(table.outagesAt)))
      return found ?? { waiting: 0, late: 0, nextDeadline: null }
    },
  }
}

function offlineWrites(
  tx: Tx,
  companyId: CompanyId,
): Pick<OfflineStore, 'reckoned' | 'alarmed' | 'supersede'> {
  return {
    async reckoned(rows) {
      const column = <T>(read: (row: (typeof rows)[number]) => T) => sql.param(rows.map(read))
      await tx.execute(sql`
        update submissions s
           set alarm_stage = case when s.deadline is distinct from r.deadline then null else s.alarm_stage end,
               deadline = r.deadline, outages_at = r.outages_at, alarm_at = r.alarm_at
          from unnest(${column(({ id }) => id)}::uuid[], ${column((row) => row.deadline)}::date[],
                      ${column((row) => row.outagesAt?.toISOString() ?? null)}::timestamptz[],
                      ${column((row) => row.alarmAt?.toISOString() ?? null)}::timestamptz[])
               as r (id, deadline, outages_at, alarm_at)
         where s.company_id = ${companyId} and s.id = r.id`)
    },
    async supersede(id) {
      await tx
        .update(table)
        .set({ outagesAt: null, alarmAt: null })
        .where(
          and(eq(table.companyId, companyId), inArray(table.id, sql`(${withCorrectionsOf(companyId, id)})`)),
        )
    },
    async alarmed(rows) {
      const column = <T>(read: (row: (typeof rows)[number]) => T) => sql.param(rows.map(read))
      await tx.execute(sql`
        update submissions s set alarm_stage = r.stage, alarm_at = r.alarm_at
          from unnest(${column(({ id }) => id)}::uuid[], ${column((row) => row.alarmStage)}::text[],
                      ${column((row) => row.alarmAt?.toISOString() ?? null)}::timestamptz[]) as r (id, stage, alarm_at)
         where s.company_id = ${companyId} and s.id = r.id`)
    },
  }
}

const changedAt = (environment: KsefEnvironment): SQL =>
  sql`(select ${ksefAvailability.outagesChangedAt} from ${ksefAvailability} where ${ksefAvailability.environment} = ${environment})`

type Told = { kind: OutageKind; announced: string; start: string; end: string | null }

/** Both in one statement: what is worked out by these outages belongs to that state of them. */
async function knownOutages(tx: Tx, environment: KsefEnvironment): Promise<KnownOutages> {
  const { rows } = await tx.execute<{ changedAt: Date | string; outages: Told[] | null }>(sql`
    select a.outages_changed_at as "changedAt",
           (select json_agg(json_build_object(
                     'kind', o.kind, 'announced', o.announced_at, 'start', o.start_at, 'end', o.end_at))
              from ksef_outages o
             where o.environment = a.environment and o.withdrawn_at is null) as outages
      from ksef_availability a where a.environment = ${environment}`)
  const [found] = rows
  if (found === undefined) throw new Error(`there is no row of KSeF's availability for ${environment}`)
  return {
    changedAt: new Date(found.changedAt),
    outages: (found.outages ?? []).map(({ kind, announced, start, end }) => ({
      kind,
      announced: new Date(announced),
      start: new Date(start),
      end: end === null ? null : new Date(end),
    })),
  }
}
