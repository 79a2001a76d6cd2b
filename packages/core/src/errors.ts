import { BATCH_ERRORS } from './errors/batch-errors.ts'
import { DOCUMENT_ERRORS } from './errors/document-errors.ts'
import type { ErrorRow } from './errors/error-row.ts'
import { INBOX_ERRORS } from './errors/inbox-errors.ts'
import { INTEGRATION_ERRORS } from './errors/integration-errors.ts'
import { OFFLINE_ERRORS } from './errors/offline-errors.ts'
import { WEBHOOK_ERRORS } from './errors/webhook-errors.ts'

export { FILE_ERRORS } from './errors/batch-errors.ts'
export type { ErrorRow } from './errors/error-row.ts'

/**
 * Every error a caller can meet, in one closed table. `docs/ERRORS.md` is checked against it in both directions.
 *
 * `httpStatus` is what the API answers, or null where the code only ever stands as the reason of a submission or an
 * integration. `blame` says who must act; `retry` whether the same request can succeed later by itself.
 */
export const ERRORS = {
  // Who calls
  UNAUTHENTICATED: {
    httpStatus: 401,
    blame: 'caller',
    retry: 'after-change',
    means: 'The request carries no valid API key.',
    help: 'Send `Authorization: Bearer <key>` with a key that is not revoked.',
  },
  SCOPE_INSUFFICIENT: {
    httpStatus: 403,
    blame: 'caller',
    retry: 'after-change',
    means: 'The role of this API key does not permit this.',
    help: 'Use a key of the role the route names: company, operator or administrator.',
  },
  API_KEY_ROTATING: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'after-change',
    means: 'Two keys of this owner, role and name work already.',
    help: 'Revoke the one that is no longer used, or wait until its grace is over.',
  },
  CROSS_SITE_REFUSED: {
    httpStatus: 403,
    blame: 'caller',
    retry: 'never',
    means: "A changing request to the operators' pages came from another site.",
    help: 'Use the pages themselves; a script sends `Origin` with the address it calls.',
  },
  TOO_MANY_FAILED_KEYS: {
    httpStatus: 429,
    blame: 'caller',
    retry: 'later',
    means: 'Too many requests with invalid keys came from this address.',
    help: 'Wait for the time in `Retry-After`, then use a valid key.',
  },
  // The request itself
  NOT_FOUND: {
    httpStatus: 404,
    blame: 'caller',
    retry: 'after-change',
    means: 'There is no such thing, or it is not yours to see.',
    help: 'Check the id and the key.',
  },
  METHOD_NOT_ALLOWED: {
    httpStatus: 405,
    blame: 'caller',
    retry: 'after-change',
    means: 'The path exists, the method does not.',
    help: 'Use one of the methods in the `Allow` header.',
  },
  REQUEST_INVALID: {
    httpStatus: 400,
    blame: 'caller',
    retry: 'after-change',
    means: 'A parameter, a header or the body does not have the documented form.',
    help: '`faults` lists each place and what is expected there.',
  },
  MEDIA_TYPE_UNSUPPORTED: {
    httpStatus: 415,
    blame: 'caller',
    retry: 'after-change',
    means: 'The body is of another media type than this route takes.',
    help: 'Send an invoice as `application/xml` or `application/json`, a batch as `application/zip`, `application/gzip`, `application/x-ndjson` or `multipart/form-data`, everything else as `application/json`.',
  },
  BODY_TOO_LARGE: {
    httpStatus: 413,
    blame: 'caller',
    retry: 'after-change',
    means: 'The body is larger than any lawful request.',
    help: 'An invoice has at most 1,000,000 bytes, 3,000,000 with an attachment.',
  },
  CURSOR_INVALID: {
    httpStatus: 400,
    blame: 'caller',
    retry: 'after-change',
    means: 'The cursor was not made by this list.',
    help: 'Start from the first page and follow `nextCursor` as given.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'never',
    means: 'This `Idempotency-Key` already belongs to a request with another body.',
    help: 'Use a fresh key for each invoice, and the same key only to repeat the same request.',
  },
  IDEMPOTENCY_IN_PROGRESS: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'later',
    means: 'A request with this `Idempotency-Key` is being worked on right now.',
    help: 'Repeat the request in a second; it will get the same answer as the first.',
  },
  ...INTEGRATION_ERRORS,
  ...BATCH_ERRORS,
  ...INBOX_ERRORS,
  ...DOCUMENT_ERRORS,
  ...OFFLINE_ERRORS,
  ...WEBHOOK_ERRORS,
  // Invoices
  INVOICE_INVALID: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means:
      'The invoice breaks a rule that KSeF would refuse it for or, with `validate=strict`, one of the VAT act. Nothing was stored.',
    help: '`faults` lists each rule with line, XPath or JSON pointer.',
  },
  INVOICE_SELLER_MISMATCH: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means:
      "The company it was posted for is not the invoice's seller, nor its buyer who issues it (P_17, FA_RR).",
    help: 'Post it for the company whose NIP it carries.',
  },
  INVOICE_ATTACHMENT_NEEDS_BATCH: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means: 'The invoice carries an attachment, which KSeF takes in batches only, and was to go at once.',
    help: 'Leave `delivery=immediate` out; the fleet then sends it in a batch.',
  },
  INVOICE_DUPLICATE: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'An invoice of this seller, kind (RodzajFaktury) and number (P_2) is already here.',
    help: '`existing` names it. To repeat a request safely, use `Idempotency-Key`.',
  },
  UPO_NOT_YET: {
    httpStatus: 409,
    blame: 'ksef',
    retry: 'later',
    means: 'The invoice has no UPO yet.',
    help: 'Read the invoice: it is there once the state is `receipted`.',
  },
  QR_CODE_POINTLESS: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'KSeF rejected the invoice: its QR code would lead nowhere.',
    help: 'Correct the invoice and post it anew; the code of that one leads to it.',
  },
  SUBMISSION_NOT_HELD: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'Only a held invoice can be released.',
    help: 'Read the invoice for its present state.',
  },
  SUBMISSION_NOT_PENDING: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'Only an invoice that waits to be sent can be held.',
    help: '`detail` says where it is. What left for KSeF cannot be called back; correct it with another invoice.',
  },
  SUBMISSION_NOT_REJECTED: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'Only a rejected invoice can be tried again.',
    help: '`detail` says where it is. A held one is released; any other goes on by itself.',
  },
  RETRY_POINTLESS: {
    httpStatus: 409,
    blame: 'company',
    retry: 'never',
    means: 'KSeF would refuse the very same document again. Nothing was changed.',
    help: '`detail` says what to do instead: correct the invoice and post it anew, or issue it under another number.',
  },
  // Reasons of rejected and held submissions
  KSEF_REJECTED: {
    httpStatus: null,
    blame: 'company',
    retry: 'after-change',
    means: 'KSeF examined the invoice and refused it.',
    help: "Read KSeF's status, description and details, correct the invoice and post it again; the number is free.",
  },
  KSEF_DUPLICATE: {
    httpStatus: null,
    blame: 'company',
    retry: 'never',
    means: 'KSeF already holds another document with this seller, kind and number.',
    help: '`originalKsefNumber` names it. Issue yours under another number.',
  },
  KSEF_DUPLICATE_UNVERIFIED: {
    httpStatus: null,
    blame: 'company',
    retry: 'after-change',
    means: 'KSeF calls the invoice a duplicate, and whether the original is ours could not be checked.',
    help: 'Compare the document under `originalKsefNumber` with yours; grant InvoiceRead so that the fleet can.',
  },
  KSEF_PERMISSION_MISSING: {
    httpStatus: null,
    blame: 'company',
    retry: 'after-change',
    means: 'KSeF refused for lack of permission in this context.',
    help: 'Have the permission granted in KSeF and verify the integration; held invoices then go out by themselves.',
  },
  KSEF_UNSETTLED: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'KSeF gave no verdict within seven days.',
    help: 'Ask the Ministry with the reference numbers of session and invoice. Do not send it again before.',
  },
  KSEF_UNKNOWN_ANSWER: {
    httpStatus: null,
    blame: 'fleet',
    retry: 'never',
    means: 'KSeF answered with a code this version does not know.',
    help: "Read KSeF's words in `description`; look the invoice up in KSeF before releasing it.",
  },
  DELIVERY_KEEPS_FAILING: {
    httpStatus: null,
    blame: 'fleet',
    retry: 'after-change',
    means: 'KSeF could not process the invoice after several tries, for reasons that are not in the invoice.',
    help: 'Release the invoice when KSeF works again.',
  },
  DOCUMENT_CORRUPT: {
    httpStatus: null,
    blame: 'fleet',
    retry: 'never',
    means: 'The stored invoice no longer has the hash it was accepted with. It was not sent.',
    help: 'Restore the document from a backup.',
  },
  HELD_BY_REQUEST: {
    httpStatus: null,
    blame: 'caller',
    retry: 'after-change',
    means: 'The invoice is held because somebody asked; nothing releases it but a person.',
    help: 'Release it when it shall go.',
  },
  // Why an integration or a delivery step is waiting
  KSEF_PROCESSING: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'KSeF has the invoice and has not decided on it yet.',
    help: 'Nothing to do: the fleet asks again.',
  },
  KSEF_VERDICT_LATE: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'KSeF has the invoice and has given no verdict for minutes.',
    help: 'Nothing to do: the fleet keeps asking. Do not send the invoice a second time.',
  },
  DELIVERY_TRIES_AGAIN: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'KSeF did not take the invoice, for reasons that are not in it.',
    help: 'Nothing to do: the fleet sends it again.',
  },
  KSEF_UNREACHABLE: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'KSeF could not be reached or did not answer.',
    help: 'Nothing to do: the fleet tries again.',
  },
  KSEF_BUDGET_SPENT: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'What KSeF allows in this context for the time being is spent, so it was not called.',
    help: 'Nothing to do: the fleet goes on as soon as there is room.',
  },
  KSEF_RATE_LIMITED: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'later',
    means: 'KSeF asked for silence; what it refused waits exactly until the time it named.',
    help: 'Nothing to do: the fleet goes on at that time.',
  },
  SECRET_UNAVAILABLE: {
    httpStatus: 503,
    blame: 'fleet',
    retry: 'later',
    means: 'The secret store cannot be reached, or has no time for us.',
    help: 'Nothing to do when it passes; otherwise check the secret store.',
  },
  SECRET_BROKEN: {
    httpStatus: 409,
    blame: 'fleet',
    retry: 'after-change',
    means:
      "The credential's secret is missing, denied, malformed, of the wrong kind, or belongs to another owner.",
    help: 'Restore it in the secret store, or rotate the credential; then verify the integration again.',
  },
  // Ourselves
  DATABASE_UNAVAILABLE: {
    httpStatus: 503,
    blame: 'fleet',
    retry: 'later',
    means: 'The database cannot be reached, or whether it committed is unknown.',
    help: 'Repeat the request with the same `Idempotency-Key`.',
  },
  QUEUES_UNAVAILABLE: {
    httpStatus: 503,
    blame: 'fleet',
    retry: 'later',
    means:
      'Redis cannot be reached, so the board over the queues has nothing to show. Invoices are accepted all the same.',
    help: 'Bring Redis back; nothing else needs to be done.',
  },
  OVERLOADED: {
    httpStatus: 503,
    blame: 'fleet',
    retry: 'later',
    means: 'More invoices wait to be examined or printed than this process takes.',
    help: 'Repeat the request after the time in `Retry-After`, a POST with the same `Idempotency-Key`.',
  },
  INTERNAL: {
    httpStatus: 500,
    blame: 'fleet',
    retry: 'later',
    means: 'A fault of the fleet itself.',
    help: 'Report the `requestId`.',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof ERRORS

/** One thing wrong at one place. */
export type Fault = {
  code: string
  message: string
  /** Of a batch: the file. */
  file?: string
  /** JSON pointer or parameter name. */
  pointer?: string
  line?: number
  column?: number
  xpath?: string
  help?: string
  /** The invoice that is in the way. */
  existingId?: string
}

/** An expected failure, thrown by core's functions and mapped to a problem document by the API. */
export class FleetError extends Error {
  readonly code: ErrorCode
  readonly faults: readonly Fault[]
  /** For INVOICE_DUPLICATE and COMPANY_EXISTS: the id of what is already there. */
  readonly existingId: string | undefined
  /** For BATCH_INVALID: how many files; `faults` does not tell of all. */
  readonly refusedFiles: number | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    more: {
      detail?: string
      faults?: readonly Fault[]
      existingId?: string
      refusedFiles?: number
      retryAfterSeconds?: number
    } = {},
  ) {
    super(more.detail ?? ERRORS[code].means)
    this.name = 'FleetError'
    this.code = code
    this.faults = more.faults ?? []
    this.existingId = more.existingId
    this.refusedFiles = more.refusedFiles
    this.retryAfterSeconds = more.retryAfterSeconds
  }
}
