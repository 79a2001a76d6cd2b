import {
  type Again,
  ARCHIVE_PROBLEMS,
  EXPORT_PROBLEMS,
  KSEF_ERRORS,
  type Actor as KsefActor,
} from '@ksef-fleet/ksef'
import { ERRORS } from '../errors.ts'
import type { ErrorRow } from './error-row.ts'

/** What a stored code means today, and what whoever must act does. */
export type Meaning = Pick<ErrorRow, 'means' | 'help' | 'blame'>

const BLAME: Readonly<Record<KsefActor, ErrorRow['blame']>> = {
  nobody: 'ksef',
  ksef: 'ksef',
  company: 'company',
  operator: 'fleet',
  software: 'fleet',
}

const AGAIN = 'It is tried again. When it stays so, look for the code in the log of the worker.'
const HELP: Readonly<Record<Again, string>> = {
  later: AGAIN,
  'after-looking': AGAIN,
  'new-sign-in': AGAIN,
  'new-session': AGAIN,
  'new-key': AGAIN,
  no: 'Trying again does not help. The log of the worker has the particulars.',
}

/**
 * The meaning of whatever code a step left behind: of docs/ERRORS.md, of the client of KSeF, or of a package. A newer process may
 * have stored one that this one does not know.
 */
export function meaningOf(code: string): Meaning {
  const own = inTable(ERRORS, code)
  if (own !== undefined) return own
  const call = inTable(KSEF_ERRORS, code)
  if (call !== undefined) return { means: call.means, help: HELP[call.again], blame: BLAME[call.actor] }
  const means = inTable(EXPORT_PROBLEMS, code) ?? inTable(ARCHIVE_PROBLEMS, code)
  if (means === undefined) return ERRORS.KSEF_UNKNOWN_ANSWER
  return {
    means: `A package of KSeF cannot be trusted. ${means}`,
    help: 'Nothing of it is kept, and it is asked for again. When it stays so, ask the Ministry.',
    blame: 'ksef',
  }
}

const inTable = <T>(table: Readonly<Record<string, T>>, code: string): T | undefined =>
  Object.hasOwn(table, code) ? table[code] : undefined
