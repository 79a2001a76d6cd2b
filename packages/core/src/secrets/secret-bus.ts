import type { CompanyId, CredentialId } from '../identifiers.ts'

/** What changed, by its id and nothing else. */
export type SecretChange =
  | { of: 'credential'; id: CredentialId }
  /** The company's access tokens are to be forgotten. */
  | { of: 'company'; id: CompanyId }

/**
 * Tells every process that something it may have cached has changed. Best effort: who misses a message, reads anew when its
 * cache ends.
 */
export interface SecretBus {
  /** Never throws: what cannot be told now ends by itself. */
  publish(change: SecretChange): Promise<void>
  /** `missed` is called when messages may have been lost. */
  listen(listener: { changed(change: SecretChange): void; missed(): void }): void
}
