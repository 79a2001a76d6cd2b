import type { BatchId, CompanyId, KsefEnvironment } from '../identifiers.ts'

/** In what the invoices of a batch came: an archive, files of their own, or as JSON, one on each line. */
export const BATCH_SOURCES = ['zip', 'tar-gz', 'files', 'json-lines'] as const
export type BatchSource = (typeof BATCH_SOURCES)[number]

/** Many invoices that a caller handed over as one. Each is a submission with a way of its own; how many sessions they took is KSeF's and ours to know. */
export type Batch = {
  id: BatchId
  companyId: CompanyId
  environment: KsefEnvironment
  source: BatchSource
  invoiceCount: number
  createdAt: Date
}
