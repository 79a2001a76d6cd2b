import type { ErrorRow } from './error-row.ts'

/** What issuing offline can come to: of invoices, of their codes, and of their technical corrections. */
export const OFFLINE_ERRORS = {
  TECHNICAL_CORRECTION_DIFFERENT: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means:
      'The content differs from that of the rejected invoice. A technical correction mends the file alone.',
    help: '`faults` names the first place that differs. Where the content is wrong, issue a correcting invoice (KOR) once this one has a number.',
  },
  TECHNICAL_CORRECTION_POINTLESS: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'Only an invoice that was issued offline and that KSeF rejected is corrected technically.',
    help: 'Read the invoice for its mode and state. One that was issued online is corrected and posted anew.',
  },
  TECHNICAL_CORRECTION_EXISTS: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'A technical correction of this invoice is on its way, or registered.',
    help: '`existing` names it. Should KSeF reject that one too, another one may follow.',
  },
  QR_CODE_TOTAL_FAILURE: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'The invoice was issued in a total failure of KSeF: such invoices bear no QR codes.',
    help: 'Hand it to the buyer without codes. It is not sent to KSeF.',
  },
  QR_CODE_ONLINE: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'never',
    means: 'KOD II is for invoices issued offline; this one was issued online.',
    help: 'Print KOD I alone.',
  },
  QR_CERTIFICATE_MISSING: {
    httpStatus: 409,
    blame: 'company',
    retry: 'after-change',
    means:
      'KOD II is signed with a KSeF certificate of type Offline, and neither company nor provider has one that is valid.',
    help: 'Have KSeF issue one and supply it as a credential with `purpose` `offline-codes`.',
  },
  CREDENTIAL_NOT_OFFLINE_TYPE: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means:
      'Codes of offline invoices are signed with a KSeF certificate of type Offline; this is another one.',
    help: 'Supply a certificate of type Offline, RSA of 2048 bits or more or EC on P-256; one that signs in needs no `purpose`.',
  },
  // Reasons of invoices
  TOTAL_FAILURE: {
    httpStatus: null,
    blame: 'ksef',
    retry: 'never',
    means: 'The invoice was issued in a total failure of KSeF and is not sent to it.',
    help: 'Nothing to do. Release it only if it shall go to KSeF all the same.',
  },
  ORIGINAL_AWAITED: {
    httpStatus: null,
    blame: 'fleet',
    retry: 'later',
    means: 'The correction goes to KSeF once all originals that it names have KSeF numbers.',
    help: 'Nothing to do: it goes by itself then. To send it without waiting, hold it and release it.',
  },
  ORIGINAL_REJECTED: {
    httpStatus: null,
    blame: 'company',
    retry: 'after-change',
    means: 'KSeF rejected an invoice that this one corrects.',
    help: 'Correct that one technically, or have it retried: the correction then goes by itself. Or release it to be sent as it is.',
  },
  TECHNICAL_CORRECTION_DONE: {
    httpStatus: null,
    blame: 'company',
    retry: 'never',
    means: 'KSeF has a processed technical correction of that invoice already (21166).',
    help: 'Look for it in KSeF: it was sent by other software. This one is not needed.',
  },
  TECHNICAL_CORRECTION_NOT_DUE: {
    httpStatus: null,
    blame: 'company',
    retry: 'never',
    means: 'KSeF processed the corrected invoice correctly: it takes no technical correction of it (21167).',
    help: 'Look the invoice up in KSeF by its number. What is wrong with its content is corrected by a KOR.',
  },
} as const satisfies Record<string, ErrorRow>
