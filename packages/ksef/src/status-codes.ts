import type { Actor, Again, KsefErrorCode } from './error-codes.ts'

/** `pending`: ask again. `done`: final and good. `refused`: final and bad. `unknown`: a code without a row. */
export type StatusOutcome = 'pending' | 'done' | 'refused' | 'unknown'

/** What an asynchronous status code means for one kind of resource. */
export type StatusMeaning = {
  readonly outcome: StatusOutcome
  readonly means: string
  readonly actor: Actor
  readonly again: Again
}

type StatusRows = { readonly [code: number]: StatusMeaning }

const pending = (means: string): StatusMeaning => ({
  outcome: 'pending',
  means,
  actor: 'nobody',
  again: 'no',
})
const done = (means: string): StatusMeaning => ({ outcome: 'done', means, actor: 'nobody', again: 'no' })
const refused = (means: string, actor: Actor, again: Again): StatusMeaning => ({
  outcome: 'refused',
  means,
  actor,
  again,
})

/** Status of an invoice within its session (OpenAPI `SessionInvoiceStatusResponse`). */
export const INVOICE_STATUSES = {
  100: pending('Accepted for processing.'),
  150: pending('Being processed.'),
  200: done('Registered; it has a KSeF number.'),
  405: refused('Processing was cancelled because of an error of the session.', 'software', 'new-session'),
  410: refused('The subject may not issue this invoice.', 'company', 'no'),
  415: refused('The company may not send invoices with attachments.', 'company', 'no'),
  430: refused('The file failed verification.', 'company', 'no'),
  435: refused('The file could not be decrypted.', 'software', 'new-session'),
  440: refused('A duplicate: seller, kind and number are registered already.', 'software', 'after-looking'),
  450: refused('The document breaks the rules of its form.', 'company', 'no'),
  500: refused('KSeF failed while it processed the invoice.', 'ksef', 'after-looking'),
  550: refused('KSeF cancelled the processing for reasons of its own.', 'ksef', 'after-looking'),
} as const satisfies StatusRows

/** Status of a sending session, online and batch (OpenAPI `SessionStatusResponse`). */
export const SESSION_STATUSES = {
  100: pending('Open.'),
  150: pending('Being processed.'),
  170: pending('Closed; its collective UPO is being made.'),
  200: done('Processed; its collective UPO can be fetched.'),
  405: refused("The package's elements failed verification.", 'software', 'new-session'),
  415: refused('The session key could not be decrypted.', 'software', 'new-key'),
  420: refused('The session holds too many invoices.', 'software', 'new-session'),
  430: refused('The archive could not be unpacked.', 'software', 'new-session'),
  435: refused('The parts of the archive could not be decrypted.', 'software', 'new-session'),
  440: refused(
    'Cancelled: nothing arrived, or too late. Invoices may have succeeded.',
    'software',
    'after-looking',
  ),
  445: refused('No invoice of the session is valid; each has its own status.', 'company', 'no'),
  500: refused('KSeF failed while it processed the session.', 'ksef', 'after-looking'),
} as const satisfies StatusRows

/** Status of a certificate enrolment (OpenAPI `CertificateEnrollmentStatusResponse`). */
export const ENROLLMENT_STATUSES = {
  100: pending('Accepted for processing.'),
  200: done('Issued; the answer names its serial number.'),
  400: refused(
    'The key belongs to another subject, or the limit of certificates is reached.',
    'company',
    'no',
  ),
  500: refused('KSeF failed while it processed the request.', 'ksef', 'later'),
  550: refused('KSeF cancelled the processing for reasons of its own.', 'ksef', 'later'),
} as const satisfies StatusRows

/** Status of an export of invoices (OpenAPI `InvoiceExportStatusResponse`). */
export const EXPORT_STATUSES = {
  100: pending('Under way.'),
  200: done('Its package can be downloaded.'),
  210: refused('The package has expired; it may have been full of invoices.', 'software', 'later'),
  415: refused('The key could not be decrypted.', 'software', 'new-key'),
  420: refused('The range begins after the high-water mark: nothing new yet.', 'nobody', 'later'),
  500: refused('KSeF failed while it made the package.', 'ksef', 'later'),
  550: refused('KSeF cancelled the export for reasons of its own.', 'ksef', 'later'),
} as const satisfies StatusRows

/** Status of a sign-in (OpenAPI `AuthenticationOperationStatusResponse`) and its code as a failure. */
export const SIGN_IN_STATUSES = {
  100: { outcome: 'pending' },
  200: { outcome: 'done' },
  400: { outcome: 'refused', code: 'SIGN_IN_REFUSED' },
  415: { outcome: 'refused', code: 'SIGN_IN_NO_PERMISSION' },
  425: { outcome: 'refused', code: 'SIGN_IN_REVOKED' },
  450: { outcome: 'refused', code: 'SIGN_IN_TOKEN_REFUSED' },
  460: { outcome: 'refused', code: 'SIGN_IN_CERTIFICATE_REFUSED' },
  470: { outcome: 'refused', code: 'SIGN_IN_SUBJECT_DECEASED' },
  480: { outcome: 'refused', code: 'SIGN_IN_BLOCKED' },
  500: { outcome: 'refused', code: 'SIGN_IN_FAILED' },
  550: { outcome: 'refused', code: 'SIGN_IN_CANCELLED' },
} as const satisfies {
  readonly [code: number]: { outcome: 'pending' | 'done' } | { outcome: 'refused'; code: KsefErrorCode }
}

const UNKNOWN: StatusMeaning = {
  outcome: 'unknown',
  means: 'A status this table does not know: neither success nor final failure.',
  actor: 'operator',
  again: 'after-looking',
}

const lookUp = (rows: StatusRows, code: number): StatusMeaning => rows[code] ?? UNKNOWN

export const meaningOfInvoiceStatus = (code: number): StatusMeaning => lookUp(INVOICE_STATUSES, code)
export const meaningOfEnrollmentStatus = (code: number): StatusMeaning => lookUp(ENROLLMENT_STATUSES, code)
export const meaningOfExportStatus = (code: number): StatusMeaning => lookUp(EXPORT_STATUSES, code)
export const meaningOfSessionStatus = (code: number): StatusMeaning => lookUp(SESSION_STATUSES, code)
