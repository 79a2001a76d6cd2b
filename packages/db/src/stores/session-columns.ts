import { getTableColumns } from 'drizzle-orm'
import { sessions } from '../tables.ts'

const { finishRungAt, pollRungAt, ...columns } = getTableColumns(sessions)

/** What a `Session` of packages/core is made of; the sweeper's marks are not. */
export const sessionColumns = columns
