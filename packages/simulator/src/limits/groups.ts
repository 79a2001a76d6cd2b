/**
 * The published request limits (limity/limity-api.md; OpenAPI `x-rate-limits` and the group named in each 429).
 * Spelling of groups follows schema EffectiveApiRateLimits, with the four groups that API 2.8.0 added.
 */
export type Thresholds = { perSecond: number; perMinute: number; perHour: number }

/** Groups that `POST /testdata/rate-limits` may change. */
export const OVERRIDABLE_GROUPS = [
  'onlineSession',
  'batchSession',
  'invoiceSend',
  'invoiceStatus',
  'sessionList',
  'sessionInvoiceList',
  'sessionMisc',
  'invoiceMetadata',
  'invoiceExport',
  'invoiceExportStatus',
  'invoiceDownload',
  'collectiveIdentifier',
  'other',
] as const
export type OverridableGroup = (typeof OVERRIDABLE_GROUPS)[number]
export type LimitGroup =
  | OverridableGroup
  | 'onlineSessionClose'
  | 'batchSessionClose'
  | 'anonymous'
  | 'global'
export type LimitTable = Readonly<Record<LimitGroup, Thresholds>>

const at = (perSecond: number, perMinute: number, perHour: number): Thresholds => ({
  perSecond,
  perMinute,
  perHour,
})

/** What a threshold that nobody counts is reported as: the largest value of an int32. */
const UNCOUNTED = 2_147_483_647

export const PRODUCTION_LIMITS: LimitTable = {
  onlineSession: at(10, 30, 120),
  onlineSessionClose: at(20, 60, 240),
  batchSession: at(10, 20, 60),
  batchSessionClose: at(20, 40, 120),
  invoiceSend: at(10, 30, 180),
  invoiceStatus: at(30, 120, 1200),
  sessionList: at(5, 10, 60),
  sessionInvoiceList: at(10, 20, 200),
  sessionMisc: at(10, 120, 1200),
  invoiceMetadata: at(8, 16, 20),
  invoiceExport: at(8, 16, 20),
  invoiceExportStatus: at(10, 60, 600),
  invoiceDownload: at(8, 16, 64),
  collectiveIdentifier: at(10, 60, 120),
  other: at(10, 30, 120),
  // Published per second only; a minute and an hour at that pace bind nothing further.
  anonymous: at(60, 60 * 60, 60 * 3600),
  // Announced with 2.8.0 for whole addresses, not switched on: reported, never counted.
  global: at(UNCOUNTED, UNCOUNTED, UNCOUNTED),
}

/** What a simulator tells that counts no requests. */
export const NOTHING_BINDS = Object.fromEntries(
  Object.keys(PRODUCTION_LIMITS).map((group) => [group, at(UNCOUNTED, UNCOUNTED, UNCOUNTED)]),
) as LimitTable

const GROUP_OF: Readonly<Record<string, LimitGroup>> = {
  'POST /sessions/online': 'onlineSession',
  'POST /sessions/online/{referenceNumber}/close': 'onlineSessionClose',
  'POST /sessions/online/{referenceNumber}/invoices': 'invoiceSend',
  'POST /sessions/batch': 'batchSession',
  'POST /sessions/batch/{referenceNumber}/close': 'batchSessionClose',
  'GET /sessions': 'sessionList',
  'GET /sessions/{referenceNumber}': 'sessionMisc',
  'GET /sessions/{referenceNumber}/invoices': 'sessionInvoiceList',
  'GET /sessions/{referenceNumber}/invoices/failed': 'sessionInvoiceList',
  'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}': 'invoiceStatus',
  'GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo': 'sessionMisc',
  'GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo': 'sessionMisc',
  'GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}': 'sessionMisc',
  'POST /invoices/query/metadata': 'invoiceMetadata',
  'POST /invoices/exports': 'invoiceExport',
  'GET /invoices/exports/{referenceNumber}': 'invoiceExportStatus',
  'GET /invoices/ksef/{ksefNumber}': 'invoiceDownload',
  'POST /collective-identifiers': 'collectiveIdentifier',
}

/** Operations that need no context, and those of signing in: counted for the whole address. */
const ANONYMOUS =
  /^\w+ \/(security\/|peppol\/|auth\/(challenge|xades-signature|ksef-token|token\/|\{)|testdata\/(subject|person|permissions|attachment))/

/** The group an operation spends from. */
export const limitGroupOf = (operation: string): LimitGroup =>
  GROUP_OF[operation] ?? (ANONYMOUS.test(operation) ? 'anonymous' : 'other')

/** The counter within a context: a group has one for all its operations, but of `other` each has its own. */
export function counterOf(operation: string): string {
  const group = limitGroupOf(operation)
  return group === 'other' ? operation : group
}
