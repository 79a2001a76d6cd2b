import type { CredentialWindow } from '../stores.ts'
import type { CredentialVersion } from './credential.ts'

const DAY_MS = 86_400_000

/** When a credential ends, as the view `ksef_credential_status` tells it. */
export type CredentialExpiry = {
  window: CredentialWindow
  notAfter: Date | null
  /** Whole days left, 0 on the last; negative when it is over; null when it does not end. */
  daysLeft: number | null
  /** False before `notBefore` and after `notAfter`. */
  isValid: boolean
}

export function credentialExpiry(
  version: Pick<CredentialVersion, 'notBefore' | 'notAfter'>,
  now: Date,
): CredentialExpiry {
  const { notBefore, notAfter } = version
  const begun = notBefore === null || notBefore <= now
  if (notAfter === null) return { window: 'never', notAfter, daysLeft: null, isValid: begun }
  const leftMs = notAfter.getTime() - now.getTime()
  return {
    window: windowOf(leftMs),
    notAfter,
    daysLeft: Math.floor(leftMs / DAY_MS),
    isValid: begun && leftMs > 0,
  }
}

function windowOf(leftMs: number): CredentialWindow {
  if (leftMs <= 0) return 'expired'
  if (leftMs <= DAY_MS) return 'within-1-day'
  if (leftMs <= 7 * DAY_MS) return 'within-7-days'
  if (leftMs <= 14 * DAY_MS) return 'within-14-days'
  if (leftMs <= 30 * DAY_MS) return 'within-30-days'
  return 'later'
}
