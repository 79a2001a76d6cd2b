/**
 * A statement asked so often that writing and planning it costs more than carrying it out. Its text is made once for this
 * process, and PostgreSQL keeps its plan with each connection. Policies of row-level security are part of the plan; which
 * company they let through is looked up each time it runs.
 */
import { type Column, DrizzleQueryError, fillPlaceholders, type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Tx } from './transaction.ts'

/** The name is that of one text for ever: connections know the text by it. */
export type PlannedStatement = { name: string; text: string }

/** A statement whose values are placeholders. @property valuesOf puts what is given under their names into their order */
export type PlannedForm = PlannedStatement & {
  valuesOf(given: Readonly<Record<string, unknown>>): readonly unknown[]
}

export function planned(name: string, template: SQL): PlannedForm {
  const { sql: text, params } = new PgDialect().sqlToQuery(template)
  return { name, text, valuesOf: (given) => fillPlaceholders(params, given) }
}

/** Rows as arrays, in the order of the statement's columns. */
export async function runPlanned(
  tx: Tx,
  { name, text }: PlannedStatement,
  values: readonly unknown[],
): Promise<readonly (readonly unknown[])[]> {
  try {
    const { rows } = await tx.$client.query<unknown[]>({ name, text, values: [...values], rowMode: 'array' })
    return rows
  } catch (error) {
    // As the ORM reports it, but without the values.
    throw new DrizzleQueryError(text, [], error instanceof Error ? error : undefined)
  }
}

/** The row that these columns make, of values in their order; null where an outer join found none. */
export function rowOf<Row extends object>(
  columns: Readonly<Record<keyof Row, Column>>,
  values: readonly unknown[],
): Row | null {
  if (values.every((value) => value === null)) return null
  const entries = Object.entries<Column>(columns).map(([name, column], at) => {
    const value = values[at] ?? null
    return [name, value === null ? null : column.mapFromDriverValue(value)]
  })
  return Object.fromEntries(entries)
}
