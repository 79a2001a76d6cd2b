/** Whether KSeF can be reached, what outages were told of it, and what companies want done about it. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { ENVIRONMENTS, environmentColumn, moment, OUTAGE_KINDS, OUTAGE_SOURCES, oneOf } from '../columns.ts'
import { companyReference, tenant } from './tenancy.ts'

/** One row for each environment: KSeF as the fleet sees it. It tells of nobody, so every company may read it. */
export const ksefAvailability = pgTable(
  'ksef_availability',
  {
    environment: environmentColumn().primaryKey(),
    /** What `offlinePolicy` of packages/ksef decided last, and since when it is so. */
    availability: jsonb('availability').$type<core.KsefAvailability['availability']>().notNull(),
    since: moment('since').notNull(),
    /** The newest probes, and what the lighthouse said last. */
    probes: jsonb('probes').$type<core.StoredProbe[]>().notNull(),
    lighthouse: text('lighthouse').$type<core.KsefAvailability['lighthouse']>(),
    lookedAt: moment('looked_at'),
    /** When one of the workers looks again. */
    nextLookAt: moment('next_look_at').notNull(),
    /** Deadlines that were worked out before are worked out again. */
    outagesChangedAt: moment('outages_changed_at').notNull(),
  },
  (t) => [check('ksef_availability_environment', oneOf(t.environment, ENVIRONMENTS))],
)

/** Calls of KSeF that workers made, by the minute: the fleet's own error rate. */
export const ksefCallCounts = pgTable(
  'ksef_call_counts',
  {
    environment: environmentColumn(),
    minute: moment('minute').notNull(),
    calls: integer('calls').notNull(),
    unreached: integer('unreached').notNull(),
    /** When the last call that was answered ended, by the clock of the worker that made it. */
    answeredAt: moment('answered_at'),
  },
  (t) => [
    primaryKey({ name: 'ksef_call_counts_pkey', columns: [t.environment, t.minute] }),
    check('ksef_call_counts_environment', oneOf(t.environment, ENVIRONMENTS)),
  ],
)

/** When KSeF was not to be had, as the Ministry told it: by these the deadlines of offline invoices are counted. */
export const ksefOutages = pgTable(
  'ksef_outages',
  {
    id: uuid('id').$type<core.OutageId>().primaryKey(),
    environment: environmentColumn(),
    kind: text('kind').$type<core.StoredOutage['kind']>().notNull(),
    announcedAt: moment('announced_at').notNull(),
    startAt: moment('start_at').notNull(),
    /** null: it goes on. */
    endAt: moment('end_at'),
    source: text('source').$type<core.StoredOutage['source']>().notNull(),
    /** The lighthouse's own number of it. */
    reference: text('reference'),
    /** What the administrator says of it. */
    note: text('note'),
    createdAt: moment('created_at').notNull(),
    /** It was told by mistake and counts no more. */
    withdrawnAt: moment('withdrawn_at'),
  },
  (t) => [
    uniqueIndex('ksef_outages_reference_key')
      .on(t.environment, t.reference)
      .where(sql`${t.reference} is not null`),
    index('ksef_outages_latest').on(t.environment, t.startAt),
    check('ksef_outages_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('ksef_outages_kind', oneOf(t.kind, OUTAGE_KINDS)),
    check('ksef_outages_source', oneOf(t.source, OUTAGE_SOURCES)),
    check('ksef_outages_source_fits', sql`(${t.source} = 'lighthouse') = (${t.reference} is not null)`),
    check('ksef_outages_order', sql`${t.endAt} >= ${t.startAt}`),
  ],
)

/** What a company wants while KSeF cannot be reached; without a row, what the provider wants. */
export const offlineSettings = pgTable(
  'offline_settings',
  {
    companyId: tenant().primaryKey(),
    /** Whether its invoices are issued offline without anybody saying so. */
    automatic: boolean('automatic').notNull(),
    changedAt: moment('changed_at').notNull(),
  },
  (t) => [companyReference(t.companyId)],
)
