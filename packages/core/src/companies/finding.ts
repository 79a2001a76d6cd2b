import type { ErrorRow } from '../errors/error-row.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'

/**
 * stops  invoices do not go out.
 * warns  they do, but something fails or soon will.
 * tells  nothing needs to be done.
 */
export const SEVERITIES = ['stops', 'warns', 'tells'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Who must act: the company, the provider who runs or rents the fleet, the Ministry, or whoever operates the fleet. */
export const ACTORS = ['company', 'provider', 'ksef', 'fleet', 'nobody'] as const
export type Actor = (typeof ACTORS)[number]

/** Findings that are no error of docs/ERRORS.md. */
export const OWN_FINDINGS = [
  'ALL_WELL',
  'BUDGET_SPENT',
  'DEADLINE_NEAR',
  'DEADLINE_PASSED',
  'KSEF_OUT_OF_REACH',
  'CREDENTIAL_EXPIRING',
  'CREDENTIAL_PASSED_OVER',
  'INTEGRATION_ON_ITS_WAY',
  'INVOICES_WAIT',
  'KSEF_SILENT',
  'PENDING_LONG',
  'ROTATION_FAILED',
  'ROTATION_WAITS',
  'SYNC_AUDIT_FAILING',
  'SYNC_FAILING',
  'SYNC_LATE',
] as const

/** One thing a doctor found. */
export type Finding = {
  /** Stable: a code of docs/ERRORS.md, or one of `OWN_FINDINGS`. */
  code: ErrorCode | (typeof OWN_FINDINGS)[number]
  severity: Severity
  /** What is so, in plain words. Never a secret. */
  says: string
  /** Since when it is so, where that is known. */
  since?: Date | null
  who: Actor
  /** What whoever must act does now. */
  do: string
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

/** The error behind a stored code; a newer process may have stored one that this one does not know. */
export const knownCode = (code: string): ErrorCode => (isErrorCode(code) ? code : 'KSEF_UNKNOWN_ANSWER')

/** Who acts on an error; whoever calls the API is the provider's program. */
export const actorFor = (code: ErrorCode): Actor => actorByBlame(ERRORS[code].blame)

export const actorByBlame = (blame: ErrorRow['blame']): Actor => (blame === 'caller' ? 'provider' : blame)

/** `1 invoice`, `3 invoices`. */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

/** The worst first. @param well stands before them when nothing stops or warns, so that there is always one */
export function worstFirst(found: readonly Finding[], well: Finding): Finding[] {
  const sorted = SEVERITIES.flatMap((severity) => found.filter((one) => one.severity === severity))
  return sorted.some(({ severity }) => severity !== 'tells') ? sorted : [well, ...sorted]
}
