import { type SQL, sql } from 'drizzle-orm'
import { submissions } from '../tables.ts'

/** What an update that moves submissions has to return. */
export const toldColumns = {
  id: submissions.id,
  documentId: submissions.documentId,
  companyId: submissions.companyId,
  state: submissions.state,
  environment: submissions.environment,
  batchId: submissions.batchId,
  kind: submissions.kind,
  number: submissions.number,
  issueDate: submissions.issueDate,
  sellerNip: submissions.sellerNip,
  ksefNumber: submissions.ksefNumber,
  registeredAt: submissions.registeredAt,
  invoicingMode: submissions.invoicingMode,
  offlineMode: submissions.offlineMode,
  reason: submissions.reason,
  isAwaited: submissions.isAwaited,
}

/** The same, of a table that is called `s`. */
export const TOLD_COLUMNS: SQL = sql.raw(
  Object.values(toldColumns)
    .map(({ name }) => `s.${name}`)
    .join(', '),
)
