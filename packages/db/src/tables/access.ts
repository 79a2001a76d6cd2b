/** How the fleet comes into a company's context at KSeF: integrations, credentials and their versions. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import {
  CREDENTIAL_KINDS,
  CREDENTIAL_STATES,
  ENVIRONMENTS,
  environmentColumn,
  INTEGRATION_STATES,
  KSEF_SCOPES,
  moment,
  oneOf,
  VERSION_STATES,
} from '../columns.ts'
import { companyReference, tenant } from './tenancy.ts'

export const ksefCredentials = pgTable(
  'ksef_credentials',
  {
    id: uuid('id').$type<core.CredentialId>().primaryKey(),
    /** null: the provider's own. */
    companyId: uuid('company_id').$type<core.CompanyId>(),
    environment: environmentColumn(),
    name: text('name').notNull(),
    kind: text('kind').$type<core.CredentialKind>().notNull(),
    context: jsonb('context').$type<core.KsefContext>(),
    secretRef: text('secret_ref').notNull(),
    state: text('state').$type<core.CredentialState>().notNull(),
    autoRenew: boolean('auto_renew').notNull(),
    createdAt: moment('created_at').notNull(),
    endedAt: moment('ended_at'),
  },
  (t) => [
    companyReference(t.companyId),
    unique('ksef_credentials_company_id_id_key').on(t.companyId, t.id),
    check('ksef_credentials_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('ksef_credentials_kind', oneOf(t.kind, CREDENTIAL_KINDS)),
    check('ksef_credentials_state', oneOf(t.state, CREDENTIAL_STATES)),
    check('ksef_credentials_token_has_context', sql`(${t.kind} = 'token') = (${t.context} is not null)`),
    check('ksef_credentials_end_is_dated', sql`(${t.state} = 'ended') = (${t.endedAt} is not null)`),
  ],
)

export const ksefCredentialVersions = pgTable(
  'ksef_credential_versions',
  {
    credentialId: uuid('credential_id').$type<core.CredentialId>().notNull(),
    /** The credential's: null for the provider's own. */
    companyId: uuid('company_id').$type<core.CompanyId>(),
    number: integer('number').notNull(),
    state: text('state').$type<core.VersionState>().notNull(),
    origin: text('origin').$type<core.VersionOrigin>().notNull(),
    secretVersion: text('secret_version'),
    referenceNumber: text('reference_number'),
    serialNumber: text('serial_number'),
    fingerprint: text('fingerprint'),
    subject: text('subject'),
    notBefore: moment('not_before'),
    notAfter: moment('not_after'),
    failure: jsonb('failure').$type<NonNullable<core.CredentialVersion['failure']>>(),
    nextStepAt: moment('next_step_at'),
    tries: integer('tries').notNull(),
    nextNoticeAt: moment('next_notice_at'),
    createdAt: moment('created_at').notNull(),
    activatedAt: moment('activated_at'),
    retiredAt: moment('retired_at'),
    erasedAt: moment('erased_at'),
    stepRungAt: moment('step_rung_at'),
    noticeRungAt: moment('notice_rung_at'),
  },
  (t) => [
    primaryKey({ name: 'ksef_credential_versions_pkey', columns: [t.credentialId, t.number] }),
    companyReference(t.companyId),
    // Binds a company's version to a credential of the same company; where the company is null it binds nothing …
    foreignKey({
      name: 'ksef_credential_versions_credential_fkey',
      columns: [t.companyId, t.credentialId],
      foreignColumns: [ksefCredentials.companyId, ksefCredentials.id],
    }),
    // … so this one shows that the provider's exist. The application may write no row without a company.
    foreignKey({
      name: 'ksef_credential_versions_any_credential_fkey',
      columns: [t.credentialId],
      foreignColumns: [ksefCredentials.id],
    }),
    uniqueIndex('ksef_credential_versions_active_key').on(t.credentialId).where(sql`${t.state} = 'active'`),
    index('ksef_credential_versions_of_company').on(t.companyId, t.credentialId),
    index('ksef_credential_versions_step_due').on(t.nextStepAt).where(sql`${t.nextStepAt} is not null`),
    index('ksef_credential_versions_notice_due').on(t.nextNoticeAt).where(sql`${t.nextNoticeAt} is not null`),
    check('ksef_credential_versions_number', sql`${t.number} > 0`),
    check('ksef_credential_versions_state', oneOf(t.state, VERSION_STATES)),
    check('ksef_credential_versions_origin', oneOf(t.origin, ['supplied', 'generated', 'enrolled'])),
    // A version on its way without a timer is one that no sweeper ever finds: a secret never erased.
    check(
      'ksef_credential_versions_way_is_timed',
      sql`${t.state} in ('active', 'erased') or ${t.nextStepAt} is not null`,
    ),
    check(
      'ksef_credential_versions_erased_is_over',
      sql`${t.state} <> 'erased' or (${t.erasedAt} is not null and ${t.nextStepAt} is null and ${t.nextNoticeAt} is null)`,
    ),
  ],
)

export const ksefIntegrations = pgTable(
  'ksef_integrations',
  {
    id: uuid('id').$type<core.IntegrationId>().notNull(),
    companyId: tenant(),
    environment: environmentColumn(),
    context: jsonb('context').$type<core.KsefContext>().notNull(),
    scopes: text('scopes').array().$type<core.KsefScope[]>().notNull(),
    state: text('state').$type<core.IntegrationState>().notNull(),
    permissionsInForce: text('permissions_in_force').array().notNull(),
    grantCode: text('grant_code').notNull(),
    nipProof: jsonb('nip_proof').$type<StoredProof>(),
    failure: jsonb('failure').$type<NonNullable<core.Integration['failure']>>(),
    verifiedAt: moment('verified_at'),
    blockedUntil: moment('blocked_until'),
    /** What KSeF allows in this context, as it said last. */
    rateLimits: jsonb('rate_limits').$type<core.RateLimits>(),
    contextLimits: jsonb('context_limits').$type<core.ContextLimits>(),
    limitsReadAt: moment('limits_read_at'),
    /** Sending waits until then by the fleet's own plan. */
    dispatchAt: moment('dispatch_at'),
    createdAt: moment('created_at').notNull(),
    revokedAt: moment('revoked_at'),
    verifyDueAt: moment('verify_due_at'),
    verifyRungAt: moment('verify_rung_at'),
    sendRungAt: moment('send_rung_at'),
    deadlinesRungAt: moment('deadlines_rung_at'),
  },
  (t) => [
    companyReference(t.companyId),
    primaryKey({ name: 'ksef_integrations_pkey', columns: [t.companyId, t.id] }),
    uniqueIndex('ksef_integrations_current_key')
      .on(t.companyId, t.environment)
      .where(sql`${t.state} <> 'revoked'`),
    index('ksef_integrations_verify_due').on(t.verifyDueAt).where(sql`${t.verifyDueAt} is not null`),
    check('ksef_integrations_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('ksef_integrations_state', oneOf(t.state, INTEGRATION_STATES)),
    check(
      'ksef_integrations_scopes',
      sql.raw(`scopes <@ array[${KSEF_SCOPES.map((scope) => `'${scope}'`).join(', ')}]`),
    ),
    // The promise of NipProof, kept by the database as well: nothing is sent for a NIP that nobody proved.
    check('ksef_integrations_active_is_proved', sql`${t.state} <> 'active' or ${t.nipProof} is not null`),
  ],
)

/** A proof as JSON keeps it: `at` is text there. */
export type StoredProof = Omit<NonNullable<core.Integration['nipProof']>, 'at'> & { at: string }

/** For how long KSeF refuses calls of a limit group in a context: what must outlive the counters in Redis. */
export const ksefRateBlocks = pgTable(
  'ksef_rate_blocks',
  {
    companyId: tenant(),
    integrationId: uuid('integration_id').$type<core.IntegrationId>().notNull(),
    limitGroup: text('limit_group').notNull(),
    blockedUntil: moment('blocked_until').notNull(),
  },
  (t) => [
    primaryKey({ name: 'ksef_rate_blocks_pkey', columns: [t.companyId, t.integrationId, t.limitGroup] }),
    foreignKey({
      name: 'ksef_rate_blocks_integration_fkey',
      columns: [t.companyId, t.integrationId],
      foreignColumns: [ksefIntegrations.companyId, ksefIntegrations.id],
    }),
  ],
)
