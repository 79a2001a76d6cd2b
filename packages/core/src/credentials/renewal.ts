import type { Credential, CredentialVersion } from './credential.ts'

const DAY_MS = 86_400_000
/** Renewed this long before its end: time for a month of outages, and for a person when KSeF says no. */
const RENEW_DAYS_BEFORE = 30
/** After a renewal that failed. */
const AGAIN_DAYS = 1

/**
 * When the fleet asks for a successor by itself; null when it never does. Certificates only: a KSeF token ends on the one
 * day the law sets for all of them, so that a fresh one would end on the same day.
 */
export function renewAt(
  credential: Pick<Credential, 'kind' | 'autoRenew'>,
  { notAfter }: Pick<CredentialVersion, 'notAfter'>,
): Date | null {
  if (credential.kind !== 'certificate' || !credential.autoRenew || notAfter === null) return null
  return new Date(notAfter.getTime() - RENEW_DAYS_BEFORE * DAY_MS)
}

export function renewalDue(
  credential: Pick<Credential, 'kind' | 'autoRenew'>,
  version: Pick<CredentialVersion, 'notAfter'>,
  now: Date,
): boolean {
  const at = renewAt(credential, version)
  return at !== null && at <= now
}

/** When to look again after a renewal was asked for: the successor may fail. */
export const renewAgainAt = (now: Date): Date => new Date(now.getTime() + AGAIN_DAYS * DAY_MS)
