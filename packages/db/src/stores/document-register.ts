/** The register of invoices: rows of `ksef_documents`, by the hundred in a statement. */
import { type CompanyId, type DocumentHeader, type NewDocumentHeader, searchWords } from '@ksef-fleet/core'
import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { ksefDocuments as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const { search, companyId: ofCompany, ...columns } = getTableColumns(table)

/** What a `DocumentHeader` of packages/core is made of. */
export const headerColumns = columns

/** Columns as JSON brings them, in the order of `INSERTED`. */
const RECORD = sql.raw(`(
  document_id uuid, environment text, direction text, roles text[], ksef_number text, hash text, size integer, form text,
  kind text, number text, issue_date date, sale_date date, seller_nip text, seller_name text, buyer_id_type text,
  buyer_id text, buyer_name text, third_parties jsonb, currency text, net numeric, vat numeric, gross numeric,
  corrected_number text, corrected_ksef_number text, corrected_count integer, is_self_invoicing boolean,
  has_attachment boolean, flag text, submission_id uuid, permanent_storage_date timestamptz,
  acquisition_date timestamptz, words text[])`)

const INSERTED = sql.raw(`
  document_id, environment, direction, roles, ksef_number, hash, size, form, kind, number, issue_date, sale_date,
  seller_nip, seller_name, buyer_id_type, buyer_id, buyer_name, third_parties, currency, net, vat, gross,
  corrected_number, corrected_ksef_number, corrected_count, is_self_invoicing, has_attachment, flag, submission_id,
  permanent_storage_date, acquisition_date`)

/**
 * The insertion of entries, to be a statement or a part of one: all values in one parameter, which costs a fraction of
 * thirty for each row.
 *
 * @param among a WHERE over `header`
 */
export const insertHeaders = (
  companyId: CompanyId,
  headers: readonly NewDocumentHeader[],
  among: SQL = sql``,
): SQL => insertRecords({ companyId: sql`${companyId}`, records: sql`${recordsOf(headers)}` }, among)

/** The same of values that are yet to come. @property records see `recordsOf` */
export const insertRecords = (values: { companyId: SQL; records: SQL }, among: SQL = sql``): SQL => sql`
  insert into ksef_documents (company_id, ${INSERTED}, search, created_at)
  select ${values.companyId}::uuid, ${INSERTED}, array_to_tsvector(words), ${clock}
    from json_to_recordset(${values.records}::json) as header ${RECORD} ${among}`

export const recordsOf = (headers: readonly NewDocumentHeader[]): string =>
  JSON.stringify(headers.map(recordOf))

/** The words of a KSeF number that comes to be known later, as `wordsOf` of packages/core would make them. */
export const numberWords = (ksefNumber: SQL): SQL =>
  sql`array_to_tsvector(string_to_array(lower(${ksefNumber}), '-'))`

/**
 * The numbers that the fleet's own invoices were registered under, as a part of the statement whose query `moved` answers
 * these submissions. Whose number another entry has already, received from KSeF before this one's outcome was known and under
 * other bytes, goes without: the submission has it all the same.
 */
export const noteNumbers: SQL = sql`
  update ksef_documents d
     set ksef_number = moved.ksef_number, search = d.search || ${numberWords(sql`moved.ksef_number`)}
    from moved
   where moved.state = 'registered' and d.company_id = moved.company_id and d.document_id = moved.document_id
     and d.ksef_number is null
     and not exists (select from ksef_documents other
                      where other.company_id = d.company_id and other.environment = d.environment
                        and other.ksef_number = moved.ksef_number)`

const recordOf = (header: NewDocumentHeader) => ({
  document_id: header.documentId,
  environment: header.environment,
  direction: header.direction,
  roles: header.roles,
  ksef_number: header.ksefNumber,
  hash: header.hash,
  size: header.size,
  form: header.form,
  kind: header.kind,
  number: header.number,
  issue_date: header.issueDate,
  sale_date: header.saleDate,
  seller_nip: header.sellerNip,
  seller_name: header.sellerName,
  buyer_id_type: header.buyerIdType,
  buyer_id: header.buyerId,
  buyer_name: header.buyerName,
  third_parties: header.thirdParties,
  currency: header.currency,
  // As text, which `numeric` reads exactly.
  net: header.net,
  vat: header.vat,
  gross: header.gross,
  corrected_number: header.correctedNumber,
  corrected_ksef_number: header.correctedKsefNumber,
  corrected_count: header.correctedCount,
  is_self_invoicing: header.isSelfInvoicing,
  has_attachment: header.hasAttachment,
  flag: header.flag,
  submission_id: header.submissionId,
  permanent_storage_date: header.permanentStorageDate,
  acquisition_date: header.acquisitionDate,
  words: searchWords(header, header.ksefNumber),
})

export async function findHeader(
  tx: Tx,
  companyId: CompanyId,
  id: DocumentHeader['documentId'],
): Promise<DocumentHeader | null> {
  const [found] = await tx
    .select(headerColumns)
    .from(table)
    .where(and(eq(table.companyId, companyId), eq(table.documentId, id)))
  return found ?? null
}
