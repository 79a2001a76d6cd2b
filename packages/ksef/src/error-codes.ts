/** Who can do something about it. */
export type Actor = 'nobody' | 'software' | 'company' | 'operator' | 'ksef'

/**
 * Whether trying again helps, and after what.
 * `after-looking`: the outcome is unclear, look for the effect first. `new-sign-in`, `new-session`,
 * `new-key`: the same wish succeeds with another one of these.
 */
export type Again = 'no' | 'later' | 'after-looking' | 'new-sign-in' | 'new-session' | 'new-key'

type ErrorRow = { readonly means: string; readonly actor: Actor; readonly again: Again }

/**
 * Every code a {@link KsefFailure} can carry. The union type is derived from this table, so a new code is a
 * new row and nothing else.
 */
export const KSEF_ERRORS = {
  // The network and the answer as such.
  KSEF_UNREACHABLE: { means: 'No connection to KSeF; nothing was sent.', actor: 'nobody', again: 'later' },
  KSEF_NO_ANSWER: { means: 'The answer never came whole.', actor: 'nobody', again: 'after-looking' },
  KSEF_ANSWER_TOO_LARGE: {
    means: 'The answer exceeds the size cap.',
    actor: 'operator',
    again: 'after-looking',
  },
  KSEF_ANSWER_UNREADABLE: {
    means: 'The answer is not what the contract says.',
    actor: 'operator',
    again: 'after-looking',
  },
  KSEF_REDIRECTED: {
    means: 'KSeF answered with a redirect, which is never followed.',
    actor: 'operator',
    again: 'after-looking',
  },
  KSEF_SERVER_ERROR: { means: 'KSeF answered 5xx.', actor: 'ksef', again: 'after-looking' },
  KSEF_RATE_LIMITED: {
    means: 'KSeF asked us to wait for the time in Retry-After.',
    actor: 'nobody',
    again: 'later',
  },
  KSEF_BUDGET_SPENT: {
    means: 'KSeF was not called: what it allows for the time being is spent.',
    actor: 'nobody',
    again: 'later',
  },
  KSEF_UNKNOWN_CODE: {
    means: 'KSeF refused with a code this table does not know.',
    actor: 'operator',
    again: 'after-looking',
  },
  KSEF_GONE: {
    means: 'The asynchronous operation expired and cannot be read any more.',
    actor: 'software',
    again: 'no',
  },

  // Who may do what.
  KSEF_UNAUTHORIZED: {
    means: 'The access token is missing, expired or not accepted.',
    actor: 'software',
    again: 'new-sign-in',
  },
  KSEF_FORBIDDEN: { means: 'KSeF refused access without a reason code.', actor: 'company', again: 'no' },
  KSEF_MISSING_PERMISSIONS: {
    means: 'The subject lacks the permission in this context.',
    actor: 'company',
    again: 'no',
  },
  KSEF_IP_NOT_ALLOWED: {
    means: 'The call came from an IP address the sign-in did not allow.',
    actor: 'operator',
    again: 'no',
  },
  KSEF_RESOURCE_NOT_ACCESSIBLE: {
    means: 'The resource belongs to somebody else.',
    actor: 'software',
    again: 'no',
  },
  KSEF_AUTH_METHOD_NOT_ALLOWED: {
    means: 'This way of signing in may not call the operation.',
    actor: 'operator',
    again: 'no',
  },
  KSEF_CONTEXT_TYPE_NOT_ALLOWED: {
    means: 'The operation is not open to this type of context.',
    actor: 'software',
    again: 'no',
  },
  KSEF_BLOCKED_BY_SECURITY: {
    means: "KSeF's security service or firewall blocked the call; slow down and contact KSeF.",
    actor: 'operator',
    again: 'later',
  },

  // Refusals with a number, shared by several operations.
  KSEF_INPUT_INVALID: {
    means: "KSeF's validator refused the request (21405).",
    actor: 'software',
    again: 'no',
  },
  KSEF_PUBLIC_KEY_RETIRED: {
    means: 'The public key used for encryption is unknown or withdrawn (21470).',
    actor: 'software',
    again: 'new-key',
  },
  KSEF_SESSION_NOT_FOUND: {
    means: 'KSeF does not find the session (21173). Seen at random on live sessions; nothing was taken.',
    actor: 'software',
    again: 'new-session',
  },

  // Sign-in.
  SIGN_IN_CONTENT_UNREADABLE: {
    means: 'The signed document could not be read (21001, 21217, 9101).',
    actor: 'software',
    again: 'no',
  },
  SIGN_IN_CHALLENGE_INVALID: {
    means: 'The challenge is unknown, used or older than ten minutes (21111).',
    actor: 'software',
    again: 'new-sign-in',
  },
  SIGN_IN_CERTIFICATE_INVALID: {
    means: 'KSeF does not accept the certificate (21115).',
    actor: 'company',
    again: 'no',
  },
  SIGN_IN_SUBJECT_INVALID: {
    means: 'The subject identifier does not fit the type of context (21117).',
    actor: 'company',
    again: 'no',
  },
  SIGN_IN_DOCUMENT_INVALID: {
    means: 'The signed document breaks its schema (21401).',
    actor: 'software',
    again: 'no',
  },
  SIGN_IN_SIGNATURE_INVALID: {
    means: 'The signature is missing, doubled or wrong (9102, 9103, 9105, 21406).',
    actor: 'software',
    again: 'no',
  },
  SIGN_IN_NOT_AUTHORIZED: {
    means:
      'Tokens were redeemed already, the sign-in is not finished, or the credential was revoked (21301).',
    actor: 'software',
    again: 'new-sign-in',
  },
  SIGN_IN_NOT_FOUND: {
    means: 'KSeF does not know this sign-in (21304).',
    actor: 'software',
    again: 'new-sign-in',
  },
  SIGN_IN_SUBJECT_DECEASED: {
    means: 'The means of authentication belong to a deceased person (21308, 470).',
    actor: 'company',
    again: 'no',
  },
  SIGN_IN_NO_PERMISSION: {
    means: 'The subject has no permission at all in this context (415).',
    actor: 'company',
    again: 'no',
  },
  SIGN_IN_REVOKED: {
    means: 'The sign-in and its refresh tokens were revoked by the user (425).',
    actor: 'company',
    again: 'new-sign-in',
  },
  SIGN_IN_TOKEN_REFUSED: {
    means: 'The KSeF token is wrong, revoked, inactive or of another context (450).',
    actor: 'company',
    again: 'no',
  },
  SIGN_IN_CERTIFICATE_REFUSED: {
    means: 'The certificate is invalid, revoked, suspended or not trusted (460).',
    actor: 'company',
    again: 'no',
  },
  SIGN_IN_REFUSED: { means: 'KSeF refused the sign-in (400).', actor: 'company', again: 'no' },
  SIGN_IN_BLOCKED: {
    means: 'Sign-in is blocked on suspicion of a security incident; contact the Ministry (480).',
    actor: 'operator',
    again: 'no',
  },
  SIGN_IN_FAILED: { means: 'KSeF failed while it checked the sign-in (500).', actor: 'ksef', again: 'later' },
  SIGN_IN_CANCELLED: {
    means: 'KSeF cancelled the sign-in for reasons of its own (550).',
    actor: 'ksef',
    again: 'later',
  },
  SIGN_IN_TOO_SLOW: {
    means: 'The sign-in was still pending when its deadline passed.',
    actor: 'ksef',
    again: 'later',
  },

  // Credentials.
  TOKEN_PERMISSION_NOT_HELD: {
    means: 'A token can only carry permissions its author holds in the context (26001).',
    actor: 'company',
    again: 'no',
  },
  TOKEN_CONTEXT_NOT_ALLOWED: {
    means: 'Tokens are made in the context of a NIP or an internal identifier only (26002).',
    actor: 'software',
    again: 'no',
  },

  ENROLLMENT_NEEDS_SIGNATURE: {
    means: 'Certificates are asked for after a sign-in by signature only (25001, 25002).',
    actor: 'software',
    again: 'new-sign-in',
  },
  ENROLLMENT_SUBJECT_DIFFERS: {
    means: "The request's subject is not that of the certificate that signed in (25003).",
    actor: 'software',
    again: 'no',
  },
  ENROLLMENT_REQUEST_INVALID: {
    means: 'The PKCS#10 request, its key or its signature is not taken (25004, 25010, 25011).',
    actor: 'software',
    again: 'no',
  },
  ENROLLMENT_NOT_FOUND: {
    means: 'KSeF does not know this enrolment (25005).',
    actor: 'software',
    again: 'no',
  },
  CERTIFICATE_LIMIT_REACHED: {
    means: 'The subject has no enrolment or no certificate left (25006, 25007).',
    actor: 'company',
    again: 'no',
  },
  CERTIFICATE_NOT_FOUND: {
    means: 'The subject has no certificate with this serial number (25008).',
    actor: 'software',
    again: 'no',
  },
  CERTIFICATE_NOT_ACTIVE: {
    means: 'The certificate is revoked, blocked or expired already (25009).',
    actor: 'nobody',
    again: 'no',
  },

  // Sending.
  SESSION_FULL: {
    means: 'The session holds its maximum of invoices (21155).',
    actor: 'software',
    again: 'new-session',
  },
  SESSION_CLOSED: {
    means: "The session's status permits no more invoices (21180).",
    actor: 'software',
    again: 'new-session',
  },
  SESSION_ALREADY_CLOSED: {
    means: "The session's status does not permit closing: it is closed (21180).",
    actor: 'nobody',
    again: 'no',
  },
  SESSION_PAUSED: {
    means: 'The session takes no invoices for now; open another one (21184).',
    actor: 'software',
    again: 'new-session',
  },
  TECHNICAL_CORRECTION_DONE: {
    means: 'The invoice already has a processed technical correction (21166).',
    actor: 'company',
    again: 'no',
  },
  TECHNICAL_CORRECTION_NOT_DUE: {
    means: 'A correctly processed invoice takes no technical correction (21167).',
    actor: 'company',
    again: 'no',
  },
  INVOICE_SIZE_MISMATCH: { means: 'Declared and real size differ (21402).', actor: 'software', again: 'no' },
  INVOICE_HASH_MISMATCH: { means: 'Declared and real hash differ (21403).', actor: 'software', again: 'no' },

  // Sending in batches.
  BATCH_PART_TOO_LARGE: {
    means: 'A declared part of the package is larger than KSeF takes (21157).',
    actor: 'software',
    again: 'no',
  },
  BATCH_PARTS_TOO_MANY: {
    means: 'The package has more parts than KSeF takes (21161).',
    actor: 'software',
    again: 'no',
  },
  BATCH_PART_SIZE_MISMATCH: {
    means: 'An uploaded part has another size than declared (21157); upload it again, then close.',
    actor: 'software',
    again: 'later',
  },
  BATCH_PART_MISSING: {
    means: 'A declared part was not uploaded (21205); upload it, then close.',
    actor: 'software',
    again: 'later',
  },
  BATCH_UPLOAD_TOO_LATE: {
    means: 'The time for uploading and closing is over and the session cancelled (21208).',
    actor: 'software',
    again: 'new-session',
  },
  PART_UPLOAD_EXPIRED: {
    means: "The part's address takes nothing any more: its time is over or the session closed.",
    actor: 'software',
    again: 'new-session',
  },
  PART_UPLOAD_REFUSED: {
    means: 'The storage refused the upload of the part as wrong (400, 401 and the like).',
    actor: 'software',
    again: 'new-session',
  },
  PART_ADDRESS_REFUSED: {
    means: "The part's upload names a host that is not allowed or a method other than PUT.",
    actor: 'operator',
    again: 'no',
  },
  PART_FILE_LOST: {
    means: 'The spooled part is missing or is not what was declared; pack the package again.',
    actor: 'software',
    again: 'no',
  },

  // Reading.
  CONTINUATION_TOKEN_INVALID: {
    means: 'The continuation token is malformed (21418).',
    actor: 'software',
    again: 'no',
  },
  KSEF_LIST_TOO_LONG: {
    means: 'The list goes on after the pages this client walks; narrow the filter.',
    actor: 'operator',
    again: 'no',
  },
  UPO_NOT_FOUND: { means: 'There is no such UPO, or not yet (21178).', actor: 'nobody', again: 'later' },
  UPO_LINK_EXPIRED: {
    means: 'The UPO link expired; a new status answer carries a fresh one.',
    actor: 'software',
    again: 'later',
  },
  UPO_ADDRESS_REFUSED: {
    means: 'The UPO link points to a host that is not allowed.',
    actor: 'operator',
    again: 'no',
  },
  HASH_HEADER_MISMATCH: {
    means: 'The document does not match the hash in x-ms-meta-hash.',
    actor: 'operator',
    again: 'later',
  },
  INVOICE_NOT_FOUND: {
    means: 'There is no invoice with this KSeF number (21164).',
    actor: 'software',
    again: 'no',
  },
  INVOICE_NOT_YET_AVAILABLE: {
    means: 'The invoice is registered but cannot be downloaded yet (21165).',
    actor: 'nobody',
    again: 'later',
  },
  RANGE_BEYOND_HWM: {
    means: 'The range starts after the high-water mark: nothing new yet (21183).',
    actor: 'nobody',
    again: 'later',
  },
  EXPORT_NOT_ALLOWED: { means: 'Not in this kind of context (21181).', actor: 'software', again: 'no' },
  EXPORTS_TOO_MANY: {
    means: 'As many exports of this context are under way as KSeF allows at once (21182).',
    actor: 'nobody',
    again: 'later',
  },
  EXPORT_NOT_FOUND: {
    means: 'There is no export with this reference number in the context (21175).',
    actor: 'software',
    again: 'no',
  },
  EXPORT_ADDRESS_REFUSED: {
    means: "The part's link names a host that is not allowed or a method other than GET.",
    actor: 'operator',
    again: 'no',
  },
  EXPORT_PART_DIFFERS: {
    means: 'The downloaded part has another size or hash than its export says.',
    actor: 'nobody',
    again: 'later',
  },
  PUBLIC_KEY_MISSING: {
    means: 'KSeF publishes no currently valid key for this use.',
    actor: 'operator',
    again: 'later',
  },
} as const satisfies Record<string, ErrorRow>

export type KsefErrorCode = keyof typeof KSEF_ERRORS
