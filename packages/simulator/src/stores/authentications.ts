import type { Context, Subject } from '../identity.ts'
import type { AllowedIps } from '../xades/auth-token-request.ts'

/**
 * One sign-in. States: in progress (100) until `readyAt`, then its outcome; a successful one is redeemed once,
 * may be refreshed until `refreshTokenValidUntil`, and may be revoked (425).
 */
export type AuthenticationMethod = 'Token' | 'QualifiedSeal' | 'QualifiedSignature' | 'InternalCertificate'

export type Status = { code: number; description: string; details?: string[] }

export type Authentication = {
  referenceNumber: string
  startDate: Date
  readyAt: Date
  method: AuthenticationMethod
  context: Context
  subject: Subject
  outcome: Status
  /** Base64 DER of the certificate that signed; absent when a KSeF token signed in. */
  signingCertificate?: string
  /** Base64 SHA-256 of the signed document as received: goes into UPO. */
  documentHash?: string
  /** The KSeF token that signed in: goes into UPO instead. */
  tokenReferenceNumber?: string
  /** The rights a KSeF token was made with. */
  tokenPermissions?: readonly string[]
  /** Absent when any address may use it. */
  allowedIps?: AllowedIps
  redeemedAt?: Date
  lastTokenRefreshDate?: Date
  refreshTokenValidUntil?: Date
  revokedAt?: Date
}

export type Authentications = {
  add(authentication: Authentication): void
  find(referenceNumber: string): Authentication | undefined
  of(context: Context, subject: Subject): Authentication[]
}

export function createAuthentications(all: Map<string, Authentication>): Authentications {
  return {
    add: (authentication) => void all.set(authentication.referenceNumber, authentication),
    find: (referenceNumber) => all.get(referenceNumber),
    of: (context, subject) =>
      [...all.values()].filter(
        (one) =>
          one.context.type === context.type &&
          one.context.value === context.value &&
          one.subject.value === subject.value,
      ),
  }
}

/** The status a caller sees at `now`. */
export function statusOf(authentication: Authentication, now: Date): Status {
  if (now < authentication.readyAt) return { code: 100, description: 'Uwierzytelnianie w toku' }
  if (authentication.revokedAt === undefined) return authentication.outcome
  return {
    code: 425,
    description: 'Uwierzytelnienie unieważnione',
    details: ['Uwierzytelnienie i powiązane refresh tokeny zostały unieważnione przez użytkownika'],
  }
}
