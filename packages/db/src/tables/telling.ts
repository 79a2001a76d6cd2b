/** What the fleet tells the world: the log of events, and the webhooks they are posted to. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  type PgColumn,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { moment, oneOf, WEBHOOK_DELIVERY_STATES, WEBHOOK_STATES } from '../columns.ts'
import { companyReference } from './tenancy.ts'

/** null: of the provider. */
const owner = () => uuid('company_id').$type<core.CompanyId>()

/** Written with the change they tell of; their place in the log comes afterwards (`stores/event-log.ts`). */
export const events = pgTable(
  'events',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    companyId: owner(),
    type: text('type').notNull(),
    version: integer('version').notNull().default(1),
    subject: text('subject').notNull(),
    key: text('key').notNull(),
    data: jsonb('data').$type<core.StoredEvent['data']>().notNull(),
    at: moment('at').notNull(),
    sequence: bigint('sequence', { mode: 'number' }),
    position: bigint('position', { mode: 'number' }),
  },
  (t) => [
    companyReference(t.companyId),
    unique('events_key_key').on(t.companyId, t.key).nullsNotDistinct(),
    // Of an event without its place they hold nothing: it is entered once, with its place.
    uniqueIndex('events_sequence_key').on(t.companyId, t.sequence).where(sql`${t.sequence} is not null`),
    uniqueIndex('events_position_key').on(t.position).where(sql`${t.position} is not null`),
    index('events_unplaced').on(t.id).where(sql`${t.position} is null`),
    check('events_has_a_whole_place', sql`(${t.sequence} is null) = (${t.position} is null)`),
  ],
)

/** How far the log has been dropped at its old end: one row once something was. */
export const eventRetirement = pgTable(
  'event_retirement',
  {
    isOnly: boolean('is_only').primaryKey().default(true),
    /** The place among everyone's up to which it is gone, but for the last event of an owner. */
    position: bigint('position', { mode: 'number' }).notNull(),
  },
  (t) => [check('event_retirement_is_only', sql`${t.isOnly}`)],
)

export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: uuid('id').$type<core.WebhookId>().primaryKey(),
    companyId: owner(),
    url: text('url').notNull(),
    name: text('name').notNull(),
    types: text('types').array(),
    ordered: boolean('ordered').notNull(),
    state: text('state').$type<core.WebhookState>().notNull(),
    disabledCode: text('disabled_code'),
    disabledAt: moment('disabled_at'),
    /** Each sealed for its webhook. */
    secrets: jsonb('secrets').$type<readonly core.WebhookSecret[]>().notNull(),
    failingSince: moment('failing_since'),
    failures: integer('failures').notNull(),
    blockedUntil: moment('blocked_until'),
    createdAt: moment('created_at').notNull(),
    rungAt: moment('rung_at'),
  },
  (t) => [
    companyReference(t.companyId),
    unique('webhook_endpoints_company_key').on(t.companyId, t.id),
    index('webhook_endpoints_of_company').on(t.companyId, t.createdAt).where(sql`${t.state} <> 'removed'`),
    check('webhook_endpoints_state', oneOf(t.state, WEBHOOK_STATES)),
  ],
)

/**
 * A key with a null in it is not checked, so that of a provider's webhook the first shows nothing, and the second shows
 * that there is one. The application may write no row without a company.
 */
const endpointReferences = (t: { companyId: PgColumn; endpointId: PgColumn }, table: string) => [
  foreignKey({
    name: `${table}_endpoint_fkey`,
    columns: [t.companyId, t.endpointId],
    foreignColumns: [webhookEndpoints.companyId, webhookEndpoints.id],
  }),
  foreignKey({
    name: `${table}_any_endpoint_fkey`,
    columns: [t.endpointId],
    foreignColumns: [webhookEndpoints.id],
  }),
]

export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    endpointId: uuid('endpoint_id').$type<core.WebhookId>().notNull(),
    /** No foreign key: a provider's webhook hears of every company, and a key that leaves the company out could point anywhere. */
    eventId: bigint('event_id', { mode: 'bigint' }).notNull(),
    /** Whose webhook it is. */
    companyId: owner(),
    /** Whose event it is: the company's id, all zeros for the provider's own. */
    lane: uuid('lane').notNull(),
    /** The event's. */
    position: bigint('position', { mode: 'number' }).notNull(),
    state: text('state').$type<core.WebhookDeliveryState>().notNull(),
    attempts: integer('attempts').notNull(),
    /** Attempts since it became due anew. */
    tries: integer('tries').notNull(),
    nextAttemptAt: moment('next_attempt_at'),
    leaseUntil: moment('lease_until'),
    fence: integer('fence').notNull(),
    status: integer('status'),
    code: text('code'),
    createdAt: moment('created_at').notNull(),
    endedAt: moment('ended_at'),
  },
  (t) => [
    primaryKey({ name: 'webhook_deliveries_pkey', columns: [t.endpointId, t.eventId] }),
    ...endpointReferences(t, 'webhook_deliveries'),
    index('webhook_deliveries_newest').on(t.endpointId, t.position),
    index('webhook_deliveries_due').on(t.endpointId, t.nextAttemptAt).where(sql`${t.state} = 'pending'`),
    index('webhook_deliveries_order').on(t.endpointId, t.lane, t.position).where(sql`${t.state} = 'pending'`),
    // Few at any time: what workers have in their hands, and what was left there.
    index('webhook_deliveries_held')
      .on(t.endpointId, t.lane, t.leaseUntil)
      .where(sql`${t.state} = 'pending' and ${t.leaseUntil} is not null`),
    check('webhook_deliveries_state', oneOf(t.state, WEBHOOK_DELIVERY_STATES)),
    check(
      'webhook_deliveries_pending_is_timed',
      sql`(${t.state} = 'pending') = (${t.nextAttemptAt} is not null)`,
    ),
  ],
)

export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    endpointId: uuid('endpoint_id').$type<core.WebhookId>().notNull(),
    eventId: bigint('event_id', { mode: 'bigint' }).notNull(),
    number: integer('number').notNull(),
    companyId: owner(),
    at: moment('at').notNull(),
    durationMs: integer('duration_ms').notNull(),
    status: integer('status'),
    code: text('code'),
    answer: text('answer'),
  },
  (t) => [
    primaryKey({ name: 'webhook_attempts_pkey', columns: [t.endpointId, t.eventId, t.number] }),
    ...endpointReferences(t, 'webhook_attempts'),
  ],
)
