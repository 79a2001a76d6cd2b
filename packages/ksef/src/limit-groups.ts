import type { RateLimit } from './api/limits.ts'
import type { KsefOperation } from './operations.ts'

const at = (perSecond: number, perMinute: number, perHour: number): RateLimit => ({
  perSecond,
  perMinute,
  perHour,
})

/** How KSeF says that a window binds nothing: the largest value of an int32. */
export const UNBOUND = 2_147_483_647

/**
 * KSeF's groups of operations, with the requests it publishes for each (limity-api.md; OpenAPI `x-rate-limits` and the
 * group named in each 429). They hold per context and egress address, all windows at once, and only until `GET /rate-limits`
 * tells those in force. API 2.8.0 gave closing its own groups and added the last two, which hold for the whole address.
 */
export const PUBLISHED_LIMITS = {
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
  /** Of each operation by itself: the group has no counter in common. */
  other: at(10, 30, 120),
  /** Signing in and what needs no access token. */
  anonymous: at(60, UNBOUND, UNBOUND),
  /** Announced for providers of many companies; counts once KSeF tells a value. */
  global: at(UNBOUND, UNBOUND, UNBOUND),
} as const satisfies { readonly [group: string]: RateLimit }

export type LimitGroup = keyof typeof PUBLISHED_LIMITS

/** The group each operation spends from; null for pre-signed links and the lighthouse, which are not counted. */
export const LIMIT_GROUP_OF = {
  listPublicKeys: 'anonymous',
  requestChallenge: 'anonymous',
  signInWithXades: 'anonymous',
  signInWithToken: 'anonymous',
  getSignInStatus: 'anonymous',
  redeemTokens: 'anonymous',
  refreshAccessToken: 'anonymous',
  openOnlineSession: 'onlineSession',
  sendInvoice: 'invoiceSend',
  closeOnlineSession: 'onlineSessionClose',
  openBatchSession: 'batchSession',
  uploadBatchPart: null,
  closeBatchSession: 'batchSessionClose',
  listSessions: 'sessionList',
  getSessionStatus: 'sessionMisc',
  listSessionInvoices: 'sessionInvoiceList',
  getSessionInvoice: 'invoiceStatus',
  getInvoiceUpo: 'sessionMisc',
  getSessionUpo: 'sessionMisc',
  downloadUpo: null,
  getInvoice: 'invoiceDownload',
  listAuthSessions: 'other',
  revokeCurrentAuthSession: 'other',
  revokeAuthSession: 'other',
  generateKsefToken: 'other',
  listKsefTokens: 'other',
  getKsefTokenStatus: 'other',
  revokeKsefToken: 'other',
  getCertificateLimits: 'other',
  getEnrollmentData: 'other',
  enrollCertificate: 'other',
  getEnrollmentStatus: 'other',
  retrieveCertificates: 'other',
  queryCertificates: 'other',
  revokeCertificate: 'other',
  getContextLimits: 'other',
  getRateLimits: 'other',
  listPersonalGrants: 'other',
  queryInvoiceMetadata: 'invoiceMetadata',
  startInvoiceExport: 'invoiceExport',
  getInvoiceExport: 'invoiceExportStatus',
  downloadExportPart: null,
  getLighthouseStatus: null,
  listLighthouseMessages: null,
} as const satisfies Record<KsefOperation, LimitGroup | null>

/** One of KSeF's counters: a group has one for all its operations, but of `other` each operation has its own. */
export type LimitCounter = Exclude<LimitGroup, 'other'> | `other ${KsefOperation}`

/** The counter an operation spends from; null when it is not counted. */
export function limitCounterOf(operation: KsefOperation): LimitCounter | null {
  const group: LimitGroup | null = LIMIT_GROUP_OF[operation]
  return group === 'other' ? `other ${operation}` : group
}

/** The group whose limits hold for a counter. */
export const limitGroupOfCounter = (counter: LimitCounter): LimitGroup =>
  isOfOther(counter) ? 'other' : counter

const isOfOther = (counter: LimitCounter): counter is `other ${KsefOperation}` => counter.startsWith('other ')
