/**
 * Lines of the audit log, written and read. A line's id and transaction are the database's to give: no login may name
 * those columns in an insert, and the ORM would, so inserts are written out.
 */
import {
  type AuditEntry,
  type AuditFilter,
  type AuditStore,
  type CompanyId,
  listedDetails,
  type StoredAuditEntry,
} from '@ksef-fleet/core'
import { and, desc, eq, getTableColumns, gte, lt, type SQL, sql } from 'drizzle-orm'
import { type PlannedStatement, runPlanned } from '../planned-statement.ts'
import { ksefAuditLog as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const PAGE_MAX = 200
/** Entries of one INSERT: they travel as one parameter. */
const ENTRIES_MAX = 1_000

const insertion: PlannedStatement = {
  name: 'audit-insertion',
  text: `
    insert into ksef_audit_log (
      company_id, at, actor, action, subject, outcome, taxpayer_nip, provider_nip, operation, http_status, duration_ms,
      error_code, request_id, reference_number, details)
    select company_id, coalesce(at, clock_timestamp()), actor, action, subject, outcome, taxpayer_nip, provider_nip,
           operation, http_status, duration_ms, error_code, request_id, reference_number, details
      from rows from (jsonb_to_recordset($1::jsonb) as (
             company_id uuid, at timestamptz, actor text, action text, subject text, outcome text, taxpayer_nip text,
             provider_nip text, operation text, http_status integer, duration_ms integer, error_code text,
             request_id text, reference_number text, details jsonb)) with ordinality
     order by ordinality`,
}

type OwnedEntry = AuditEntry & { companyId: CompanyId | null; at?: Date }

const { transactionId, ...columns } = getTableColumns(table)

/** @param companyId whose lines are written and read; null: the provider's are written, and all are read. */
export function auditStore(tx: Tx, companyId: CompanyId | null): AuditStore {
  return {
    append: (entry) => writeEntries(tx, [{ ...entry, companyId }]),
    appendAll: (entries) =>
      writeEntries(
        tx,
        entries.map((entry) => ({ ...entry, companyId })),
      ),
    async list(filter) {
      const rows = await tx
        .select(columns)
        .from(table)
        .where(and(companyId === null ? undefined : eq(table.companyId, companyId), ...conditionsOf(filter)))
        .orderBy(desc(table.at), desc(table.id))
        .limit(Math.min(filter.limit, PAGE_MAX))
      return rows.map(entryOf)
    },
  }
}

/** In their order, each at its own time or at the database's present. */
export async function writeEntries(tx: Tx, entries: readonly OwnedEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += ENTRIES_MAX) {
    const lines = JSON.stringify(entries.slice(from, from + ENTRIES_MAX).map(lineOf))
    await runPlanned(tx, insertion, [lines])
  }
}

const lineOf = (entry: OwnedEntry) => ({
  company_id: entry.companyId,
  at: entry.at,
  actor: entry.actor,
  action: entry.action,
  subject: entry.subject,
  outcome: entry.outcome,
  taxpayer_nip: entry.taxpayerNip,
  provider_nip: entry.providerNip,
  operation: entry.operation,
  http_status: entry.httpStatus,
  duration_ms: entry.durationMs === undefined ? undefined : Math.round(entry.durationMs),
  error_code: entry.errorCode,
  request_id: entry.requestId,
  reference_number: entry.referenceNumber,
  details: entry.details && listedDetails(entry.details),
})

const conditionsOf = (filter: AuditFilter): (SQL | undefined)[] => [
  filter.before &&
    sql`(${table.at}, ${table.id}) < (${filter.before.at.toISOString()}::timestamptz, ${filter.before.id}::bigint)`,
  filter.from && gte(table.at, filter.from),
  filter.to && lt(table.at, filter.to),
  filter.action === undefined ? undefined : eq(table.action, filter.action),
  filter.outcome && eq(table.outcome, filter.outcome),
  filter.operation === undefined ? undefined : eq(table.operation, filter.operation),
  filter.referenceNumber === undefined ? undefined : eq(table.referenceNumber, filter.referenceNumber),
  filter.actor === undefined ? undefined : eq(table.actor, filter.actor),
]

type Row = Omit<typeof table.$inferSelect, 'transactionId'>

function entryOf(row: Row): StoredAuditEntry {
  const { id, companyId, at, actor, action, subject, outcome, ...rest } = row
  const told = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null))
  return { id: String(id), companyId, at, actor, action, subject, outcome, ...told }
}
