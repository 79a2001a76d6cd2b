import { foreignText } from '@ksef-fleet/ksef'

/**
 * Everything an entry of the audit log may tell beside its columns. A closed list, so that no secret, token, invoice or
 * name of a person can ride along under a name nobody thought of: a new name is a line here, and a review.
 */
export const AUDIT_DETAILS = [
  'count',
  'credentialId',
  'credentialVersion',
  'fields',
  'fingerprint',
  'graceSeconds',
  'held',
  'keyId',
  'kind',
  'ksefCode',
  'method',
  'name',
  'origin',
  'permissionsInForce',
  'reason',
  'released',
  'role',
  'scopes',
  'serialNumber',
  'statement',
  'traceId',
  'until',
] as const

export type AuditDetail = (typeof AUDIT_DETAILS)[number]

export type AuditDetails = Partial<Record<AuditDetail, string | number | boolean | null>>

const CHARACTERS_MAX = 500

/**
 * What may be stored of an entry's details: listed names with plain values, strings cut short. The compiler lets a record
 * of any names pass for an `AuditDetails`; the log does not.
 */
export function listedDetails(details: AuditDetails): AuditDetails {
  const given: Readonly<Record<string, unknown>> = details
  const listed: AuditDetails = {}
  for (const name of AUDIT_DETAILS) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    if (typeof value === 'string') listed[name] = foreignText(value, CHARACTERS_MAX)
    else if (typeof value === 'number' || typeof value === 'boolean' || value === null) listed[name] = value
  }
  return listed
}
