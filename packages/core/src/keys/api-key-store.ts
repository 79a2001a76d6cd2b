import type { ApiKeyId } from '../identifiers.ts'
import type { ApiKey } from './api-key.ts'

/** Keys of one owner. */
export interface ApiKeyStore {
  insert(key: ApiKey & { hash: string }): Promise<void>
  get(id: ApiKeyId): Promise<ApiKey | null>
  list(): Promise<ApiKey[]>
  /** False when it is unknown or already revoked. */
  revoke(id: ApiKeyId, at: Date): Promise<boolean>
  /** Lets it end then; never later than it would have. False when it is unknown or revoked. */
  expireAt(id: ApiKeyId, at: Date): Promise<boolean>
}
