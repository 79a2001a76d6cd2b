import { getTableColumns } from 'drizzle-orm'
import { submissions } from '../tables.ts'

const { upoRungAt, heldBy, ...columns } = getTableColumns(submissions)

/** What a `Submission` of packages/core is made of; the sweeper's mark and the holder are not. */
export const submissionColumns = columns
