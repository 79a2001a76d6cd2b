import type { SecretAccess } from '../secrets/secret-access.ts'
import type { AuditEntry } from './audit-entry.ts'

/** The audit entry of one access to the secret store. The store knows no caller: it is this process that reads. */
export const auditOfSecret = (access: SecretAccess, actor: string): AuditEntry => ({
  actor,
  action: access.action,
  subject: access.credentialId,
  outcome: access.outcome,
  durationMs: access.durationMs,
  ...(access.errorCode === undefined ? {} : { errorCode: access.errorCode }),
  ...(access.number === null ? {} : { details: { credentialVersion: access.number } }),
})
