/**
 * `integrations.current` and `credentials.usable` in one statement, which is asked before everything that is done at KSeF.
 */
import type {
  CompanyId,
  CompanyTransaction,
  Credential,
  CredentialVersion,
  RateLimits,
  UsableCredential,
} from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, isNull, or, sql } from 'drizzle-orm'
import { QueryBuilder } from 'drizzle-orm/pg-core'
import { type PlannedStatement, rowOf, runPlanned } from '../planned-statement.ts'
import {
  ksefCredentials as credentials,
  ksefIntegrations as integrations,
  ksefCredentialVersions as versions,
} from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { versionColumns } from './credential-versions.ts'
import { type IntegrationRow, integrationColumns, integrationOf } from './integrations.ts'

const credentialColumns = getTableColumns(credentials)
const CREDENTIAL_AT = Object.keys(integrationColumns).length
const VERSION_AT = CREDENTIAL_AT + Object.keys(credentialColumns).length
const LIMITS_AT = VERSION_AT + Object.keys(versionColumns).length

/** What KSeF allows in the context, and what it refuses until when, as `limits.get` tells it. */
const limitColumns = {
  rate: integrations.rateLimits,
  blocks: sql`(select jsonb_object_agg(b.limit_group, b.blocked_until) from ksef_rate_blocks b
    where b.company_id = ${integrations.companyId} and b.integration_id = ${integrations.id})`,
}

const statement: PlannedStatement = { name: 'way-in', text: textOf() }

function textOf(): string {
  const [company, environment] = [sql`$1::uuid`, sql`$2::text`]
  const query = new QueryBuilder()
    .select({
      integration: integrationColumns,
      credential: credentialColumns,
      version: versionColumns,
      limits: limitColumns,
    })
    .from(integrations)
    .leftJoin(
      credentials,
      and(
        or(eq(credentials.companyId, company), isNull(credentials.companyId)),
        eq(credentials.environment, environment),
        sql`${credentials.state} = 'active'`,
        sql`${credentials.kind} <> 'offline-certificate'`,
      ),
    )
    .leftJoin(versions, and(eq(versions.credentialId, credentials.id), sql`${versions.state} = 'active'`))
    .where(
      and(
        eq(integrations.companyId, company),
        eq(integrations.environment, environment),
        sql`${integrations.state} <> 'revoked'`,
      ),
    )
    .orderBy(sql`${credentials.companyId} is null`, asc(credentials.createdAt), asc(credentials.id))
  return query.toSQL().sql
}

export const wayIn =
  (tx: Tx, companyId: CompanyId): CompanyTransaction['wayIn'] =>
  async (environment) => {
    const rows = await runPlanned(tx, statement, [companyId, environment])
    const [first] = rows
    const integration = first && rowOf<IntegrationRow>(integrationColumns, first.slice(0, CREDENTIAL_AT))
    if (!integration) return null
    const [rate, blocks] = first?.slice(LIMITS_AT) ?? []
    return {
      integration: integrationOf(integration),
      usable: rows.flatMap(usableOf),
      limits: { rate: rate as RateLimits | null, blocks: momentsOf(blocks) },
    }
  }

/** JSON knows no moments. */
const momentsOf = (blocks: unknown): Record<string, Date> =>
  Object.fromEntries(
    Object.entries((blocks ?? {}) as Record<string, string>).map(([group, until]) => [
      group,
      new Date(until),
    ]),
  )

function usableOf(row: readonly unknown[]): UsableCredential[] {
  const credential = rowOf<Credential>(credentialColumns, row.slice(CREDENTIAL_AT, VERSION_AT))
  const version = rowOf<CredentialVersion>(versionColumns, row.slice(VERSION_AT, LIMITS_AT))
  return credential === null || version === null ? [] : [{ ...credential, version }]
}
