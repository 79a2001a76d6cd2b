import {
  type CompanyId,
  type DocumentDirection,
  type DocumentId,
  type DocumentStore,
  isIssuedByBuyer,
  type NewDocumentHeader,
  type ReceivedDocument,
  type ReceivedOutcome,
  type SeenDocument,
} from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import type { Tx } from '../transaction.ts'
import { insertHeaders, numberWords } from './document-register.ts'

/**
 * What KSeF gave out. The KSeF number is what makes a document the same: neighbouring windows touch, roles overlap, and
 * two syncs of one company may run at once.
 */
export const receivedDocuments = (
  tx: Tx,
  companyId: CompanyId,
): Pick<DocumentStore, 'insertReceived' | 'addRoles'> => ({
  async insertReceived(documents) {
    if (documents.length === 0) return []
    const firsts = new Map<string, ReceivedDocument>()
    for (const one of documents) if (!firsts.has(keyOf(one))) firsts.set(keyOf(one), one)
    // In one order everywhere, so that two syncs do not wait for each other.
    const come = [...firsts.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    const known = await findKnown(tx, companyId, come)
    for (const [key, id] of await adopt(
      tx,
      companyId,
      come.filter((one) => !known.has(keyOf(one))),
    ))
      known.set(key, id)
    const fresh = await store(
      tx,
      companyId,
      come.filter((one) => !known.has(keyOf(one))),
    )
    const rest = documents.filter((one) => fresh.get(keyOf(one)) !== one.id)
    for (const [key, id] of await addRoles(tx, companyId, rest)) known.set(key, id)
    return outcomes(documents, { known, fresh })
  },
  async addRoles(documents) {
    await addRoles(tx, companyId, documents)
  },
})

type Numbered = Pick<ReceivedDocument, 'environment' | 'ksefNumber'>
type Ids = Map<string, DocumentId>
type Row = { environment: ReceivedDocument['environment']; ksefNumber: string; documentId: DocumentId }

const keyOf = ({ environment, ksefNumber }: Numbered): string => `${environment} ${ksefNumber}`
const idsOf = (rows: readonly Row[]): Ids => new Map(rows.map((row) => [keyOf(row), row.documentId]))

/** Rows of a relation `come` with the columns named. */
function comeAs<T>(
  documents: readonly T[],
  columns: Readonly<Record<string, (one: T, index: number) => string | null>>,
) {
  const arrays = Object.values(columns).map((read) => sql`${sql.param(documents.map(read))}::text[]`)
  return sql`unnest(${sql.join(arrays, sql`, `)}) as come (${sql.raw(Object.keys(columns).join(', '))})`
}

const numbers = {
  environment: (one: Numbered) => one.environment,
  ksef_number: (one: Numbered) => one.ksefNumber,
}

/** By the index, number by number: nothing is known yet of what a transaction has stored itself, and so no join is planned well. */
async function findKnown(tx: Tx, companyId: CompanyId, come: readonly ReceivedDocument[]): Promise<Ids> {
  const known: Ids = new Map()
  for (const [environment, some] of Map.groupBy(come, (one) => one.environment)) {
    const { rows } = await tx.execute<Row>(sql`
      select environment, ksef_number as "ksefNumber", document_id as "documentId" from ksef_documents
       where company_id = ${companyId} and environment = ${environment}
         and ksef_number = any(${sql.param(some.map(({ ksefNumber }) => ksefNumber))}::text[])`)
    for (const [key, id] of idsOf(rows)) known.set(key, id)
  }
  return known
}

/**
 * The company's own invoices that the fleet sent and whose number it has not learned yet, such as those whose answer was
 * lost: the very same bytes under the number that seller, kind and P_2 have once.
 */
async function adopt(tx: Tx, companyId: CompanyId, come: readonly ReceivedDocument[]): Promise<Ids> {
  const own = come.filter(
    ({ role, facts }) => role === 'Subject1' || (role === 'Subject2' && isIssuedByBuyer(facts)),
  )
  if (own.length === 0) return new Map()
  const { rows } = await tx.execute<Row>(sql`
    update ksef_documents d
       set ksef_number = come.ksef_number, search = d.search || ${numberWords(sql`come.ksef_number`)}
      from ${comeAs(own, {
        ...numbers,
        hash: (one) => one.hash,
        seller_nip: (one) => one.facts.sellerNip,
        kind: (one) => one.facts.kind,
        number: (one) => one.facts.number,
      })}
      join submissions s on s.company_id = ${companyId} and s.environment = come.environment
                        and s.seller_nip = come.seller_nip and s.kind = come.kind and s.number = come.number
                        and s.state <> 'rejected' and s.invoice_hash = come.hash
     where d.company_id = ${companyId} and d.document_id = s.document_id and d.ksef_number is null
       and d.erased_at is null
    returning d.environment, d.ksef_number as "ksefNumber", d.document_id as "documentId"`)
  return idsOf(rows)
}

/** Those whose number nobody stored before; documents and their entries. */
async function store(tx: Tx, companyId: CompanyId, come: readonly ReceivedDocument[]): Promise<Ids> {
  if (come.length === 0) return new Map()
  const { rows } = await tx.execute<{ id: DocumentId }>(sql`
    with contents as (${insertContents(companyId, come)}), entries as (
      ${insertHeaders(companyId, come.map(headerOf), sql`where document_id in (select id from contents)`)}
    )
    select id from contents`)
  const fresh = new Set(rows.map(({ id }) => id))
  const stored = come.filter(({ id }) => fresh.has(id))
  return new Map(stored.map((one) => [keyOf(one), one.id]))
}

/** All bytes in one parameter, of which each row takes its own: a parameter for each value costs more than its storing. */
function insertContents(companyId: CompanyId, come: readonly ReceivedDocument[]): SQL {
  const contents = Buffer.concat(come.map(({ content }) => content))
  let end = 0
  // PostgreSQL counts bytes from 1.
  const starts = come.map(({ content }) => {
    end += content.byteLength
    return String(end - content.byteLength + 1)
  })
  return sql`
    insert into ksef_documents_raw
      (id, company_id, environment, direction, kind, hash, content, ksef_number, created_at)
    select id::uuid, ${companyId}::uuid, environment, direction, 'invoice', hash,
           substring(${sql.param(contents)}::bytea from start::integer for size::integer), ksef_number, ${clock}
      from ${comeAs(come, {
        ...numbers,
        id: ({ id }) => id,
        direction: ({ role }) => directionOf(role),
        hash: ({ hash }) => hash,
        start: (_one, index) => starts[index] ?? null,
        size: ({ content }) => String(content.byteLength),
      })}
    on conflict (company_id, environment, kind, ksef_number) where ksef_number is not null do nothing
    returning id`
}

const directionOf = (role: ReceivedDocument['role']): DocumentDirection =>
  role === 'Subject1' ? 'outgoing' : 'incoming'

const headerOf = ({ id, role, content, facts, ...rest }: ReceivedDocument): NewDocumentHeader => ({
  ...facts,
  documentId: id,
  environment: rest.environment,
  direction: directionOf(role),
  roles: [role],
  ksefNumber: rest.ksefNumber,
  hash: rest.hash,
  size: content.byteLength,
  flag: rest.flag,
  submissionId: null,
  permanentStorageDate: rest.permanentStorageDate,
  acquisitionDate: rest.acquisitionDate,
})

/** Of what is here already: the role, and the dates it came without. Whoever is the seller sent it, whoever else one is. */
async function addRoles(tx: Tx, companyId: CompanyId, documents: readonly SeenDocument[]): Promise<Ids> {
  if (documents.length === 0) return new Map()
  const { rows } = await tx.execute<Row>(sql`
    with come as (
      select environment, ksef_number, array_agg(distinct role) as roles, max(stored) as stored, max(acquired) as acquired
        from ${comeAs(documents, {
          ...numbers,
          role: (one) => one.role,
          stored: (one) => one.permanentStorageDate?.toISOString() ?? null,
          acquired: (one) => one.acquisitionDate?.toISOString() ?? null,
        })}
       group by environment, ksef_number
    ), gained as (
      update ksef_documents d
         set roles = array(select distinct unnest(d.roles || come.roles) order by 1),
             direction = case when 'Subject1' = any(come.roles) then 'outgoing' else d.direction end,
             permanent_storage_date = coalesce(d.permanent_storage_date, come.stored::timestamptz),
             acquisition_date = coalesce(d.acquisition_date, come.acquired::timestamptz)
        from come
       where d.company_id = ${companyId} and d.environment = come.environment and d.ksef_number = come.ksef_number
         and not (d.roles @> come.roles and (d.permanent_storage_date is not null or come.stored is null)
                  and (d.acquisition_date is not null or come.acquired is null))
    )
    select d.environment, d.ksef_number as "ksefNumber", d.document_id as "documentId"
      from come
      join ksef_documents d on d.company_id = ${companyId} and d.environment = come.environment
                           and d.ksef_number = come.ksef_number`)
  return idsOf(rows)
}

function outcomes(
  documents: readonly ReceivedDocument[],
  { known, fresh }: { known: Ids; fresh: Ids },
): ReceivedOutcome[] {
  return documents.map((one) => {
    const documentId = known.get(keyOf(one)) ?? fresh.get(keyOf(one))
    // Its document is stored and its entry not: someone is registering the invoice this very moment under that number.
    if (documentId === undefined) throw new Error('a received document is neither new nor known')
    return { ksefNumber: one.ksefNumber, documentId, isNew: fresh.get(keyOf(one)) === one.id }
  })
}
