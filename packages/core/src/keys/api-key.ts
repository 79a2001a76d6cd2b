/**
 * API keys. A key is `kfp_` (the provider's, sees every company) or `kfc_` (one company's), then 32 random bytes in
 * base64url, `_`, and a CRC-32 of what stands before in hexadecimal, so that secret scanners can tell a real key from noise.
 * Only its SHA-256 is stored: the key is high-entropy, so a slow hash would protect nothing and cost 88 ms a request.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ApiKeyId, CompanyId } from '../identifiers.ts'

/**
 * administrator  the provider's: everything.
 * operator       the provider's: runs the day (companies' invoices, status, verification, audit); no keys, credentials or proofs.
 * company        one company's: its own invoices, credentials and audit.
 */
export const API_KEY_ROLES = ['administrator', 'operator', 'company'] as const
export type ApiKeyRole = (typeof API_KEY_ROLES)[number]
export type ProviderRole = Exclude<ApiKeyRole, 'company'>

export type ApiKey = {
  id: ApiKeyId
  /** null: the provider's key. */
  companyId: CompanyId | null
  role: ApiKeyRole
  name: string
  /** First characters, for recognising a key in a list. */
  hint: string
  createdAt: Date
  lastUsedAt: Date | null
  revokedAt: Date | null
  /** When a newer key takes its place; null when it has no end. */
  expiresAt: Date | null
}

const SHAPE = /^kf[pc]_[A-Za-z0-9_-]{43}_[0-9a-f]{8}$/

/** Makes a key from 32 random bytes. */
export function formatApiKey(scope: 'provider' | 'company', random: Uint8Array): string {
  if (random.byteLength !== 32) throw new Error('an API key is made from 32 random bytes')
  const body = `${scope === 'provider' ? 'kfp' : 'kfc'}_${Buffer.from(random).toString('base64url')}`
  return `${body}_${checksum(body)}`
}

/** True when the text is shaped like a key and its checksum fits; says nothing of its validity. */
export function isApiKeyShaped(text: string): boolean {
  return SHAPE.test(text) && checksum(text.slice(0, -9)) === text.slice(-8)
}

/** SHA-256 of the key, hexadecimal: what the database knows it by. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex')

const checksum = (body: string): string => crc32(body).toString(16).padStart(8, '0')
