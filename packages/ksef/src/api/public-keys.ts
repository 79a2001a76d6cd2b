// Official tag "Certyfikaty klucza publicznego"; klucze-publiczne-do-szyfrowania.md of 05.05.2026.
import { type KeyObject, X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { sha256Base64 } from '../crypto/digest.ts'
import { failed, type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import { wireDate } from '../wire-date.ts'

export type PublicKeyUsage = 'KsefTokenEncryption' | 'SymmetricKeyEncryption'

/** A key of the Ministry to encrypt for. `publicKeyId` goes along with whatever was encrypted. */
export type PublicKey = {
  readonly publicKeyId: string
  readonly key: KeyObject
  readonly validFrom: Date
  readonly validTo: Date
}

const readCertificate = (base64: string): X509Certificate | null => {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'))
  } catch {
    return null // the schema reports it as a member that is not a certificate
  }
}

/** `GET /security/public-key-certificates`. A usage we do not know passes. */
export const PublicKeyCertificates = z.array(
  z.object({
    certificate: z.string(),
    publicKeyId: z.string().nullish(),
    usage: z.array(z.string()),
    validFrom: wireDate,
    validTo: wireDate,
  }),
)
type Published = z.infer<typeof PublicKeyCertificates>[number]

function keyOf(published: Published): PublicKey | null {
  const certificate = readCertificate(published.certificate)
  if (certificate === null) return null
  const key = certificate.publicKey
  // The id is by definition the SHA-256 of the key's SubjectPublicKeyInfo; older answers leave it out.
  const ownId = sha256Base64(key.export({ type: 'spki', format: 'der' }))
  const { validFrom, validTo } = published
  return { publicKeyId: published.publicKeyId ?? ownId, key, validFrom, validTo }
}

/**
 * Picks the key for a use: valid now, and of several the one with the latest `validFrom`. During a planned
 * rotation two keys are valid at once; both work, the newer one for longer.
 */
export function choosePublicKey(
  published: readonly Published[],
  usage: PublicKeyUsage,
  now: Date,
): PublicKey | null {
  const usable = published
    .filter((entry) => entry.usage.includes(usage) && entry.validFrom <= now && now < entry.validTo)
    .sort((a, b) => b.validFrom.getTime() - a.validFrom.getTime())
  for (const entry of usable) {
    const key = keyOf(entry)
    if (key !== null) return key
  }
  return null
}

/** Keys change without notice but rarely; 21470 forces an earlier look. */
const CACHE_MS = 60 * 60 * 1000

export type PublicKeys = {
  /** The key to use now, from the cache when it is younger than an hour. `PUBLIC_KEY_MISSING` when there is none. */
  choose(usage: PublicKeyUsage): Promise<Result<PublicKey>>
  /** Forgets the cache and asks KSeF again. */
  refetch(): Promise<Result<void>>
}

export function publicKeys(http: KsefHttp, now: () => Date): PublicKeys {
  let cache: { readonly published: readonly Published[]; readonly fetchedAt: number } | null = null
  let inFlight: Promise<Result<readonly Published[]>> | null = null

  const fetchNow = async (): Promise<Result<readonly Published[]>> => {
    const answer = await http.json({ operation: 'listPublicKeys' }, PublicKeyCertificates)
    if (answer.ok) cache = { published: answer.value, fetchedAt: now().getTime() }
    return answer
  }
  const fetchOnce = (): Promise<Result<readonly Published[]>> => {
    inFlight ??= fetchNow().finally(() => {
      inFlight = null
    })
    return inFlight
  }

  return {
    async choose(usage) {
      const fresh = cache !== null && now().getTime() - cache.fetchedAt < CACHE_MS ? cache.published : null
      const published = fresh === null ? await fetchOnce() : succeeded(fresh)
      if (!published.ok) return published
      const key = choosePublicKey(published.value, usage, now())
      if (key !== null) return succeeded(key)
      return failed({
        operation: 'listPublicKeys',
        kind: 'unreadable',
        effect: 'none',
        code: 'PUBLIC_KEY_MISSING',
      })
    },
    async refetch() {
      cache = null
      const answer = await fetchOnce()
      return answer.ok ? succeeded(undefined) : answer
    },
  }
}
