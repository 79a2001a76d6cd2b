/**
 * The register of invoices: what was read of their heads, so that lists need not read documents. A row comes with its
 * document, gains the KSeF number and roles once they are known, and is emptied when the document is erased.
 */
import type * as core from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import {
  DOCUMENT_DIRECTIONS,
  DOCUMENT_FLAGS,
  ENVIRONMENTS,
  environmentColumn,
  moment,
  oneOf,
  SUBJECT_TYPES,
  tsvector,
} from '../columns.ts'
import { ksefDocumentsRaw } from './delivery.ts'
import { tenant } from './tenancy.ts'

type Header = core.DocumentHeader

export const ksefDocuments = pgTable(
  'ksef_documents',
  {
    companyId: tenant(),
    documentId: uuid('document_id').$type<core.DocumentId>().notNull(),
    environment: environmentColumn(),
    direction: text('direction').$type<Header['direction']>().notNull(),
    roles: text('roles').array().$type<Header['roles']>().notNull(),
    ksefNumber: text('ksef_number'),
    hash: text('hash').notNull(),
    size: integer('size').notNull(),
    form: text('form'),
    kind: text('kind'),
    number: text('number'),
    issueDate: date('issue_date', { mode: 'string' }),
    saleDate: date('sale_date', { mode: 'string' }),
    sellerNip: text('seller_nip'),
    sellerName: text('seller_name'),
    buyerIdType: text('buyer_id_type').$type<Header['buyerIdType']>(),
    buyerId: text('buyer_id'),
    buyerName: text('buyer_name'),
    thirdParties: jsonb('third_parties').$type<Header['thirdParties']>().notNull(),
    currency: text('currency'),
    /** Of whatever precision the invoice has: `numeric` keeps the digits it is given. */
    net: numeric('net'),
    vat: numeric('vat'),
    gross: numeric('gross'),
    correctedNumber: text('corrected_number'),
    correctedKsefNumber: text('corrected_ksef_number'),
    correctedCount: integer('corrected_count').notNull(),
    isSelfInvoicing: boolean('is_self_invoicing').notNull(),
    hasAttachment: boolean('has_attachment').notNull(),
    flag: text('flag').$type<Header['flag']>(),
    /** No foreign key: it is written in the statement that writes the submission. */
    submissionId: uuid('submission_id').$type<core.SubmissionId>(),
    permanentStorageDate: moment('permanent_storage_date'),
    acquisitionDate: moment('acquisition_date'),
    /** Words of names and numbers, folded by `wordsOf` of packages/core. */
    search: tsvector('search').notNull(),
    /** In milliseconds, as a cursor can carry it. */
    createdAt: timestamp('created_at', { withTimezone: true, mode: 'date', precision: 3 }).notNull(),
    erasedAt: moment('erased_at'),
  },
  (t) => [
    primaryKey({ name: 'ksef_documents_pkey', columns: [t.companyId, t.documentId] }),
    foreignKey({
      name: 'ksef_documents_document_fkey',
      columns: [t.companyId, t.documentId],
      foreignColumns: [ksefDocumentsRaw.companyId, ksefDocumentsRaw.id],
    }),
    uniqueIndex('ksef_documents_ksef_number_key')
      .on(t.companyId, t.environment, t.ksefNumber)
      .where(sql`${t.ksefNumber} is not null`),
    index('ksef_documents_newest').on(t.companyId, t.createdAt, t.documentId),
    index('ksef_documents_issued').on(t.companyId, t.issueDate, t.documentId),
    index('ksef_documents_number').on(t.companyId, t.number),
    // The company itself is the other party of each.
    index('ksef_documents_sellers').on(t.companyId, t.sellerNip, t.createdAt).where(incoming(t.direction)),
    index('ksef_documents_buyers').on(t.companyId, t.buyerId, t.createdAt).where(outgoing(t.direction)),
    // By which retention finds what is kept long enough, over all companies.
    index('ksef_documents_kept').on(t.issueDate).where(sql`${t.erasedAt} is null`),
    index('ksef_documents_kept_undated')
      .on(t.createdAt)
      .where(sql`${t.erasedAt} is null and ${t.issueDate} is null`),
    check('ksef_documents_environment', oneOf(t.environment, ENVIRONMENTS)),
    check('ksef_documents_direction', oneOf(t.direction, DOCUMENT_DIRECTIONS)),
    check('ksef_documents_flag', oneOf(t.flag, DOCUMENT_FLAGS)),
    check(
      'ksef_documents_roles',
      sql.raw(`roles <@ array[${SUBJECT_TYPES.map((role) => `'${role}'`).join(', ')}]`),
    ),
  ],
)

function incoming(direction: unknown): SQL {
  return sql`${direction} = 'incoming'`
}

function outgoing(direction: unknown): SQL {
  return sql`${direction} = 'outgoing'`
}
