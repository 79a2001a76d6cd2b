/** Bounds of queries and exports: official values, which a test may make smaller (pobieranie-faktur.md, OpenAPI). */
export type RetrievalBounds = {
  /** Rows one set of filters gives at most. */
  queryRecords: number
  exportInvoices: number
  /** Compressed bytes of the invoices in one package. */
  exportBytes: number
  /** Bytes of a part of a package before encryption. */
  exportPartBytes: number
  runningExports: number
  rangeDays: number
  /** How long a package can be fetched; afterwards its export has status 210. */
  packageSeconds: number
  /** How long a link to a part works. */
  partLinkSeconds: number
  /**
   * How far the high-water mark stays behind the clock. Within that time an invoice may show up later than its
   * permanentStorageDate says, and so out of order, as it does where many writers store at once (hwm.md).
   */
  hwmLagMs: number
}

const HOUR_SECONDS = 3600

export const RETRIEVAL_BOUNDS: RetrievalBounds = {
  queryRecords: 10_000,
  exportInvoices: 10_000,
  exportBytes: 1_000_000_000,
  exportPartBytes: 50_000_000,
  runningExports: 10,
  rangeDays: 100,
  packageSeconds: 72 * HOUR_SECONDS,
  partLinkSeconds: HOUR_SECONDS,
  hwmLagMs: 100,
}
