import type { CredentialVersion } from './credential.ts'

const DAY_MS = 86_400_000

/** Days before its end at which the owner of a credential is told. */
export const NOTICE_DAYS = [30, 14, 7, 1] as const
export type NoticeDays = (typeof NOTICE_DAYS)[number]

type Ending = Pick<CredentialVersion, 'notAfter'>

const noticeAt = (notAfter: Date, days: number): Date => new Date(notAfter.getTime() - days * DAY_MS)

/** When the next notice is due, strictly after `now`; null when none is left. */
export function nextNoticeAt({ notAfter }: Ending, now: Date): Date | null {
  if (notAfter === null) return null
  return NOTICE_DAYS.map((days) => noticeAt(notAfter, days)).find((at) => at > now) ?? null
}

/** For a version that starts to sign in: one that ends soon already is told of at once. */
export const firstNoticeAt = (version: Ending, now: Date): Date | null =>
  dueNotice(version, now) === null ? nextNoticeAt(version, now) : now

/**
 * The notice whose time has come: the one nearest to the end, so that an owner who could not be told for weeks hears one
 * thing and not four. Null before the first and after the end.
 */
export function dueNotice({ notAfter }: Ending, now: Date): NoticeDays | null {
  if (notAfter === null || notAfter <= now) return null
  return NOTICE_DAYS.findLast((days) => noticeAt(notAfter, days) <= now) ?? null
}
