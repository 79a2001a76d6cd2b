import {
  type CompanyId,
  type DocumentFilter,
  type DocumentPage,
  type DocumentPosition,
  type DocumentStore,
  NAME_MARK,
  type PartyWish,
} from '@ksef-fleet/core'
import { and, desc, eq, gte, isNotNull, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { ksefDocuments as table } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { headerColumns } from './document-register.ts'

/** One more than the largest page, by which the next is known of. */
const PAGE_MAX = 201

/** Lists of the register. */
export const documentSearch = (tx: Tx, companyId: CompanyId): Pick<DocumentStore, 'list' | 'count'> => ({
  list: (filter, page) =>
    tx
      .select(headerColumns)
      .from(table)
      .where(and(eq(table.companyId, companyId), ...conditionsOf(filter), ...placeOf(page)))
      .orderBy(desc(table.createdAt), desc(table.documentId))
      .limit(Math.min(page.limit, PAGE_MAX)),
  async count(filter, max) {
    const some = tx
      .select({ one: sql`1`.as('one') })
      .from(table)
      .where(and(eq(table.companyId, companyId), ...conditionsOf(filter)))
      .limit(max)
      .as('some')
    const [counted] = await tx.select({ count: sql<number>`count(*)::int` }).from(some)
    return counted?.count ?? 0
  },
})

const placeOf = ({ before, upTo }: DocumentPage): (SQL | undefined)[] => [
  before && sql`(${table.createdAt}, ${table.documentId}) < ${rowOf(before)}`,
  upTo && sql`(${table.createdAt}, ${table.documentId}) <= ${rowOf(upTo)}`,
]

const rowOf = ({ createdAt, documentId }: DocumentPosition): SQL =>
  sql`(${createdAt.toISOString()}::timestamptz, ${documentId}::uuid)`

const conditionsOf = (filter: DocumentFilter): (SQL | undefined)[] => [
  filter.erased === true ? isNotNull(table.erasedAt) : isNull(table.erasedAt),
  given(filter.direction, (direction) => eq(table.direction, direction)),
  given(filter.role, (role) => sql`${role} = any(${table.roles})`),
  given(filter.kind, (kind) => eq(table.kind, kind)),
  given(filter.flag, (flag) => eq(table.flag, flag)),
  given(filter.currency, (currency) => eq(table.currency, currency)),
  given(filter.issuedFrom, (day) => gte(table.issueDate, day)),
  given(filter.issuedTo, (day) => lte(table.issueDate, day)),
  given(filter.receivedFrom, (at) => gte(table.createdAt, at)),
  given(filter.receivedBefore, (at) => lt(table.createdAt, at)),
  given(filter.number, (number) => eq(table.number, number)),
  given(filter.ksefNumber, (ksefNumber) => eq(table.ksefNumber, ksefNumber)),
  given(filter.registered, (is) => (is ? isNotNull(table.ksefNumber) : isNull(table.ksefNumber))),
  given(filter.grossMin, (amount) => gte(table.gross, amount)),
  given(filter.grossMax, (amount) => lte(table.gross, amount)),
  given(filter.party, ofParty),
  given(filter.words, allOf),
]

const given = <T>(value: T | undefined, condition: (value: T) => SQL | undefined): SQL | undefined =>
  value === undefined ? undefined : condition(value)

const ofParty = ({ identifier, words }: PartyWish): SQL | undefined =>
  or(
    eq(table.sellerNip, identifier),
    eq(table.buyerId, identifier),
    sql`${table.thirdParties} @> ${JSON.stringify([{ value: identifier }])}::jsonb`,
    words.length === 0 ? undefined : allOf(words.map((word) => `${NAME_MARK}${word}`)),
  )

/** Words hold letters and digits only, so nothing in them is read as part of the query. */
const allOf = (words: readonly string[]): SQL =>
  sql`${table.search} @@ ${words.map((word) => `'${word}':*`).join(' & ')}::tsquery`
