/** The tenant, and the keys by which its calls are known. */
import type * as core from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  jsonb,
  type PgColumn,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { API_KEY_ROLES, moment, oneOf } from '../columns.ts'

/** The tenant. Where a foreign key to a tenant table starts with it, that key already proves the company exists. */
export const tenant = () => uuid('company_id').$type<core.CompanyId>().notNull()
export const companyReference = (company: PgColumn) =>
  foreignKey({ columns: [company], foreignColumns: [companies.id] })

export const companies = pgTable(
  'companies',
  {
    id: uuid('id').$type<core.CompanyId>().primaryKey(),
    nip: text('nip').$type<core.Nip>().notNull(),
    /** An administrator lets it name a NIP that another company has. */
    nipShared: boolean('nip_shared').notNull().default(false),
    name: text('name').notNull(),
    /** What stands on its invoices made of JSON, in the words of their data. */
    address: jsonb('address').$type<core.Particulars['address']>(),
    contact: jsonb('contact').$type<core.Particulars['contact']>(),
    bankAccount: jsonb('bank_account').$type<core.Particulars['bankAccount']>(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [
    uniqueIndex('companies_nip_key').on(t.nip).where(sql`not ${t.nipShared}`),
    index('companies_of_nip').on(t.nip),
  ],
)

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').$type<core.ApiKeyId>().primaryKey(),
    /** null: the provider's key. */
    companyId: uuid('company_id').$type<core.CompanyId>(),
    role: text('role').$type<core.ApiKeyRole>().notNull(),
    name: text('name').notNull(),
    hint: text('hint').notNull(),
    /** The one key that spans companies: it is how a company is found, and a SHA-256 of 32 random bytes tells nothing. */
    hash: text('hash').notNull().unique('api_keys_hash_key'),
    createdAt: moment('created_at').notNull(),
    lastUsedAt: moment('last_used_at'),
    revokedAt: moment('revoked_at'),
    expiresAt: moment('expires_at'),
  },
  (t) => [
    companyReference(t.companyId),
    check('api_keys_role', oneOf(t.role, API_KEY_ROLES)),
    check('api_keys_role_fits_owner', sql`(${t.companyId} is not null) = (${t.role} = 'company')`),
  ],
)
