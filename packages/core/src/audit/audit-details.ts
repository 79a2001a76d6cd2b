/**
 * Everything an entry of the audit log may tell beside its columns. A closed list, so that no secret, token, invoice or
 * name of a person can ride along under a name nobody thought of: a new name is a line here, and a review.
 */
export const AUDIT_DETAILS = [
  'attempt',
  'cached',
  'code',
  'count',
  'credentialId',
  'credentialVersion',
  'environment',
  'fingerprint',
  'graceSeconds',
  'held',
  'keyId',
  'kind',
  'ksefCode',
  'method',
  'name',
  'operation',
  'origin',
  'permissionsInForce',
  'reason',
  'released',
  'role',
  'route',
  'scopes',
  'serialNumber',
  'state',
  'statement',
  'step',
  'traceId',
  'until',
] as const

export type AuditDetail = (typeof AUDIT_DETAILS)[number]

export type AuditDetails = Partial<Record<AuditDetail, string | number | boolean | null>>
