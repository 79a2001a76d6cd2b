/**
 * The operations this client calls, with method and path as in the official OpenAPI file. That file has no
 * operation ids, so the names are ours: verb and resource as KSeF words them.
 *
 * `repeatable` says that calling twice changes nothing that matters: reads, revocations, uploads, and the POSTs that
 * only read or only hand out a fresh value. For every other operation an unclear outcome has to be looked up first.
 */
export const OPERATIONS = {
  listPublicKeys: { method: 'GET', path: '/security/public-key-certificates', repeatable: true },
  requestChallenge: { method: 'POST', path: '/auth/challenge', repeatable: true },
  signInWithXades: { method: 'POST', path: '/auth/xades-signature', repeatable: false },
  signInWithToken: { method: 'POST', path: '/auth/ksef-token', repeatable: false },
  getSignInStatus: { method: 'GET', path: '/auth/{referenceNumber}', repeatable: true },
  redeemTokens: { method: 'POST', path: '/auth/token/redeem', repeatable: false },
  refreshAccessToken: { method: 'POST', path: '/auth/token/refresh', repeatable: true },
  openOnlineSession: { method: 'POST', path: '/sessions/online', repeatable: false },
  sendInvoice: { method: 'POST', path: '/sessions/online/{referenceNumber}/invoices', repeatable: false },
  closeOnlineSession: { method: 'POST', path: '/sessions/online/{referenceNumber}/close', repeatable: false },
  openBatchSession: { method: 'POST', path: '/sessions/batch', repeatable: false },
  /** A pre-signed address out of the answer to an opening; uploading again replaces the part. */
  uploadBatchPart: { method: 'PUT', path: null, repeatable: true },
  closeBatchSession: { method: 'POST', path: '/sessions/batch/{referenceNumber}/close', repeatable: false },
  listSessions: { method: 'GET', path: '/sessions', repeatable: true },
  getSessionStatus: { method: 'GET', path: '/sessions/{referenceNumber}', repeatable: true },
  listSessionInvoices: { method: 'GET', path: '/sessions/{referenceNumber}/invoices', repeatable: true },
  getSessionInvoice: {
    method: 'GET',
    path: '/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}',
    repeatable: true,
  },
  getInvoiceUpo: {
    method: 'GET',
    path: '/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo',
    repeatable: true,
  },
  getSessionUpo: {
    method: 'GET',
    path: '/sessions/{referenceNumber}/upo/{upoReferenceNumber}',
    repeatable: true,
  },
  /** A pre-signed link out of a status answer; it is not a path of the OpenAPI file. */
  downloadUpo: { method: 'GET', path: null, repeatable: true },
  getInvoice: { method: 'GET', path: '/invoices/ksef/{ksefNumber}', repeatable: true },
  listAuthSessions: { method: 'GET', path: '/auth/sessions', repeatable: true },
  revokeCurrentAuthSession: { method: 'DELETE', path: '/auth/sessions/current', repeatable: true },
  revokeAuthSession: { method: 'DELETE', path: '/auth/sessions/{referenceNumber}', repeatable: true },
  generateKsefToken: { method: 'POST', path: '/tokens', repeatable: false },
  listKsefTokens: { method: 'GET', path: '/tokens', repeatable: true },
  getKsefTokenStatus: { method: 'GET', path: '/tokens/{referenceNumber}', repeatable: true },
  revokeKsefToken: { method: 'DELETE', path: '/tokens/{referenceNumber}', repeatable: true },
  getCertificateLimits: { method: 'GET', path: '/certificates/limits', repeatable: true },
  getEnrollmentData: { method: 'GET', path: '/certificates/enrollments/data', repeatable: true },
  enrollCertificate: { method: 'POST', path: '/certificates/enrollments', repeatable: false },
  getEnrollmentStatus: {
    method: 'GET',
    path: '/certificates/enrollments/{referenceNumber}',
    repeatable: true,
  },
  retrieveCertificates: { method: 'POST', path: '/certificates/retrieve', repeatable: true },
  queryCertificates: { method: 'POST', path: '/certificates/query', repeatable: true },
  revokeCertificate: {
    method: 'POST',
    path: '/certificates/{certificateSerialNumber}/revoke',
    repeatable: true,
  },
  getContextLimits: { method: 'GET', path: '/limits/context', repeatable: true },
  getRateLimits: { method: 'GET', path: '/rate-limits', repeatable: true },
  listPersonalGrants: { method: 'POST', path: '/permissions/query/personal/grants', repeatable: true },
  queryInvoiceMetadata: { method: 'POST', path: '/invoices/query/metadata', repeatable: true },
  /** Starting twice takes two of the ten exports a context may have under way. */
  startInvoiceExport: { method: 'POST', path: '/invoices/exports', repeatable: false },
  getInvoiceExport: { method: 'GET', path: '/invoices/exports/{referenceNumber}', repeatable: true },
  /** A pre-signed link out of an export's status. */
  downloadExportPart: { method: 'GET', path: null, repeatable: true },
  /** The lighthouse has a host of its own. */
  getLighthouseStatus: { method: 'GET', path: null, repeatable: true },
  listLighthouseMessages: { method: 'GET', path: null, repeatable: true },
} as const satisfies Record<
  string,
  { method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string | null; repeatable: boolean }
>

export type KsefOperation = keyof typeof OPERATIONS
