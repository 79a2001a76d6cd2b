import type { ErrorRow } from './error-row.ts'

/** What asking for stored documents can come to. */
export const DOCUMENT_ERRORS = {
  DOCUMENT_ERASED: {
    httpStatus: 410,
    blame: 'caller',
    retry: 'never',
    means: 'The document is erased; its hash and KSeF number are all that is left of it here.',
    help: 'Nothing brings it back here. KSeF keeps what it registered for ten years.',
  },
  DOCUMENT_UNSETTLED: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'later',
    means: 'The invoice is still on its way: without its document it could be neither sent nor settled.',
    help: 'Erase it once its state is `receipted` or `rejected`.',
  },
  EXPORT_TOO_LARGE: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means: 'The range holds more documents than are exported at once.',
    help: '`detail` names the bound. Ask for a shorter range, several times.',
  },
} as const satisfies Record<string, ErrorRow>
