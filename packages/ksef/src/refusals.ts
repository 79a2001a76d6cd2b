import type { KsefErrorCode } from './error-codes.ts'
import type { KsefEffect } from './failure.ts'
import type { KsefOperation } from './operations.ts'

type Refusals = { readonly [exceptionCode: number]: KsefErrorCode }

const SIGN_IN: Refusals = {
  21001: 'SIGN_IN_CONTENT_UNREADABLE',
  21217: 'SIGN_IN_CONTENT_UNREADABLE',
  9101: 'SIGN_IN_CONTENT_UNREADABLE',
  21111: 'SIGN_IN_CHALLENGE_INVALID',
  21115: 'SIGN_IN_CERTIFICATE_INVALID',
  21117: 'SIGN_IN_SUBJECT_INVALID',
  21401: 'SIGN_IN_DOCUMENT_INVALID',
  21406: 'SIGN_IN_SIGNATURE_INVALID',
  9102: 'SIGN_IN_SIGNATURE_INVALID',
  9103: 'SIGN_IN_SIGNATURE_INVALID',
  9105: 'SIGN_IN_SIGNATURE_INVALID',
}

const TOKENS: Refusals = {
  21301: 'SIGN_IN_NOT_AUTHORIZED',
  21304: 'SIGN_IN_NOT_FOUND',
  21308: 'SIGN_IN_SUBJECT_DECEASED',
}

/** Codes any operation may answer with. */
const EVERYWHERE: Refusals = { 21405: 'KSEF_INPUT_INVALID' }

/**
 * What an exception code means, by operation, since one number means different things (21180: a closed
 * session refuses invoices, but makes a close needless). Read from the OpenAPI file 2.7.0 and, for 21184,
 * the 2.8.0 changelog.
 */
export const REFUSALS: { readonly [operation in KsefOperation]?: Refusals } = {
  signInWithXades: SIGN_IN,
  signInWithToken: { 21111: 'SIGN_IN_CHALLENGE_INVALID', 21470: 'KSEF_PUBLIC_KEY_RETIRED' },
  getSignInStatus: { 21304: 'SIGN_IN_NOT_FOUND' },
  redeemTokens: TOKENS,
  refreshAccessToken: TOKENS,
  listAuthSessions: { 21418: 'CONTINUATION_TOKEN_INVALID' },
  generateKsefToken: { 26001: 'TOKEN_PERMISSION_NOT_HELD', 26002: 'TOKEN_CONTEXT_NOT_ALLOWED' },
  listKsefTokens: { 21418: 'CONTINUATION_TOKEN_INVALID' },
  getEnrollmentData: { 25001: 'ENROLLMENT_NEEDS_SIGNATURE' },
  enrollCertificate: {
    25002: 'ENROLLMENT_NEEDS_SIGNATURE',
    25003: 'ENROLLMENT_SUBJECT_DIFFERS',
    25004: 'ENROLLMENT_REQUEST_INVALID',
    25006: 'CERTIFICATE_LIMIT_REACHED',
    25007: 'CERTIFICATE_LIMIT_REACHED',
    25010: 'ENROLLMENT_REQUEST_INVALID',
    25011: 'ENROLLMENT_REQUEST_INVALID',
  },
  getEnrollmentStatus: { 25005: 'ENROLLMENT_NOT_FOUND' },
  revokeCertificate: { 25008: 'CERTIFICATE_NOT_FOUND', 25009: 'CERTIFICATE_NOT_ACTIVE' },
  openOnlineSession: { 21470: 'KSEF_PUBLIC_KEY_RETIRED' },
  sendInvoice: {
    21155: 'SESSION_FULL',
    21166: 'TECHNICAL_CORRECTION_DONE',
    21167: 'TECHNICAL_CORRECTION_NOT_DUE',
    21173: 'KSEF_SESSION_NOT_FOUND',
    21180: 'SESSION_CLOSED',
    21184: 'SESSION_PAUSED',
    21402: 'INVOICE_SIZE_MISMATCH',
    21403: 'INVOICE_HASH_MISMATCH',
  },
  closeOnlineSession: { 21173: 'KSEF_SESSION_NOT_FOUND', 21180: 'SESSION_ALREADY_CLOSED' },
  openBatchSession: {
    21157: 'BATCH_PART_TOO_LARGE',
    21161: 'BATCH_PARTS_TOO_MANY',
    21470: 'KSEF_PUBLIC_KEY_RETIRED',
  },
  closeBatchSession: {
    21157: 'BATCH_PART_SIZE_MISMATCH',
    21173: 'KSEF_SESSION_NOT_FOUND',
    21180: 'SESSION_ALREADY_CLOSED',
    21205: 'BATCH_PART_MISSING',
    21208: 'BATCH_UPLOAD_TOO_LATE',
  },
  listSessions: { 21418: 'CONTINUATION_TOKEN_INVALID' },
  getSessionStatus: { 21173: 'KSEF_SESSION_NOT_FOUND' },
  listSessionInvoices: { 21173: 'KSEF_SESSION_NOT_FOUND', 21418: 'CONTINUATION_TOKEN_INVALID' },
  getSessionInvoice: { 21173: 'KSEF_SESSION_NOT_FOUND' },
  getInvoiceUpo: { 21173: 'KSEF_SESSION_NOT_FOUND', 21178: 'UPO_NOT_FOUND' },
  getSessionUpo: { 21173: 'KSEF_SESSION_NOT_FOUND', 21178: 'UPO_NOT_FOUND' },
  getInvoice: { 21164: 'INVOICE_NOT_FOUND', 21165: 'INVOICE_NOT_YET_AVAILABLE' },
  queryInvoiceMetadata: { 21183: 'RANGE_BEYOND_HWM' },
  startInvoiceExport: {
    21181: 'EXPORT_NOT_ALLOWED',
    21182: 'EXPORTS_TOO_MANY',
    21470: 'KSEF_PUBLIC_KEY_RETIRED',
  },
  getInvoiceExport: { 21175: 'EXPORT_NOT_FOUND' },
}

/** Names the refusal; `KSEF_UNKNOWN_CODE` for a number the table lacks. */
export const refusalCode = (operation: KsefOperation, exceptionCode: number | undefined): KsefErrorCode =>
  exceptionCode === undefined
    ? 'KSEF_UNKNOWN_CODE'
    : (REFUSALS[operation]?.[exceptionCode] ?? EVERYWHERE[exceptionCode] ?? 'KSEF_UNKNOWN_CODE')

/** The codes with which KSeF says definitely that nothing happened. */
export const effectOfRefusal = (code: KsefErrorCode): KsefEffect =>
  code === 'KSEF_UNKNOWN_CODE' ? 'unknown' : 'none'

const REASONS: { readonly [reasonCode: string]: KsefErrorCode } = {
  'missing-permissions': 'KSEF_MISSING_PERMISSIONS',
  'ip-not-allowed': 'KSEF_IP_NOT_ALLOWED',
  'insufficient-resource-access': 'KSEF_RESOURCE_NOT_ACCESSIBLE',
  'auth-method-not-allowed': 'KSEF_AUTH_METHOD_NOT_ALLOWED',
  'context-type-not-allowed': 'KSEF_CONTEXT_TYPE_NOT_ALLOWED',
  'security-service-blocked': 'KSEF_BLOCKED_BY_SECURITY',
}

/** Names a 403 by its `reasonCode`. */
export const forbiddenCode = (reasonCode: string | undefined): KsefErrorCode =>
  (reasonCode === undefined ? undefined : REASONS[reasonCode]) ?? 'KSEF_FORBIDDEN'
