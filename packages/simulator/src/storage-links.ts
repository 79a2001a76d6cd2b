import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock, later } from './clock.ts'

/**
 * Pre-signed links for parts of packages, like those of the storage behind KSeF: the address carries what it is
 * good for (`sp`: r to read, w to write), until when (`se`) and the proof (`sig`). No token goes with it.
 */
export type StorageQuery = { sp?: string; se?: string; sig?: string }
export type StorageLink = { url: string; expiresAt: Date }
export type Verdict = 'good' | 'unsigned' | 'refused'

export type StorageLinks = {
  /** @param path below `/storage/`, without a leading slash */
  sign(path: string, right: 'r' | 'w', expiresAt: Date): string
  check(path: string, right: 'r' | 'w', query: StorageQuery): Verdict
  expiry(lifeSeconds: number): Date
}

export function createStorageLinks(clock: Clock): StorageLinks {
  const secret = randomBytes(32)
  const proof = (path: string, right: string, expiry: string): string =>
    createHmac('sha256', secret).update(`${path}\n${right}\n${expiry}`).digest('base64url')
  return {
    sign: (path, right, expiresAt) => {
      const se = expiresAt.toISOString()
      return `/storage/${path}?${new URLSearchParams({ sp: right, se, sig: proof(path, right, se) })}`
    },
    check: (path, right, { se = '', sig }) => {
      if (sig === undefined) return 'unsigned'
      const expected = Buffer.from(proof(path, right, se))
      const given = Buffer.from(sig)
      const genuine = given.length === expected.length && timingSafeEqual(given, expected)
      return genuine && new Date(se) > clock.now() ? 'good' : 'refused'
    },
    expiry: (lifeSeconds) => later(clock.now(), lifeSeconds * 1000),
  }
}
