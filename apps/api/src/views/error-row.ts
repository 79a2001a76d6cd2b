import { ERRORS, type ErrorCode, type ErrorRow } from '@ksef-fleet/core'

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

/** What a stored code means today; a newer worker may have stored one that this process does not know yet. */
export const rowOf = (code: string): ErrorRow => ERRORS[isErrorCode(code) ? code : 'KSEF_UNKNOWN_ANSWER']
