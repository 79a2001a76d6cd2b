import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock, later } from './clock.ts'

/**
 * Pre-signed links to UPO files, like those KSeF's storage gives: the address carries its own expiry and proof,
 * no token is needed and none is accepted.
 */
export type UpoLink = { url: string; expiresAt: Date }

export type UpoLinks = {
  /** @param file `session-1` for the session's first page, else the reference number of an invoice. */
  make(origin: string, sessionReferenceNumber: string, file: string): UpoLink
  /** True when the proof fits the path and the expiry has not passed. */
  check(sessionReferenceNumber: string, file: string, query: UpoLinkQuery): boolean
}

export type UpoLinkQuery = { se?: string; sig?: string }

export function createUpoLinks(
  clock: Clock,
  lifeSeconds: number,
  secret: Uint8Array = randomBytes(32),
): UpoLinks {
  const sign = (session: string, file: string, expiry: string): string =>
    createHmac('sha256', secret).update(`${session}/${file}/${expiry}`).digest('base64url')
  return {
    make: (origin, session, file) => {
      const expiresAt = later(clock.now(), lifeSeconds * 1000)
      const se = expiresAt.toISOString()
      const query = new URLSearchParams({ sp: 'r', se, sig: sign(session, file, se) })
      return { url: `${origin}/storage/upo/${session}/${file}.xml?${query}`, expiresAt }
    },
    check: (session, file, { se = '', sig = '' }) => {
      const expected = Buffer.from(sign(session, file, se))
      const given = Buffer.from(sig)
      const genuine = given.length === expected.length && timingSafeEqual(given, expected)
      return genuine && new Date(se) > clock.now()
    },
  }
}
