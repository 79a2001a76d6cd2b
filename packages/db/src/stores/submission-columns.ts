import { getTableColumns } from 'drizzle-orm'
import { submissions } from '../tables.ts'

const { upoRungAt, ...columns } = getTableColumns(submissions)

/** What a `Submission` of packages/core is made of; the sweeper's mark is not. */
export const submissionColumns = columns
