import { getTableColumns } from 'drizzle-orm'
import { sessions } from '../tables.ts'

const { finishRungAt, pollRungAt, heldBy, ...columns } = getTableColumns(sessions)

/** What a `Session` of packages/core is made of; the sweeper's marks and holders are not. */
export const sessionColumns = columns
