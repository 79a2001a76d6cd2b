/**
 * Where secrets rest: AWS Secrets Manager, or a folder of sealed files for development and small self-hosting. A secret
 * has a name (`<prefix>/<owner>/<credential id>`) and versions. A version is written once and never changed, so that
 * whoever reads by a version's id reads what the database meant, whatever was stored since.
 *
 * The labels are those of AWS. They are help for a person at the console; which version signs in is the database's to say:
 * pending   stored for a rotation that has not ended (AWSPENDING)
 * current   promoted last (AWSCURRENT)
 * previous  current before that (AWSPREVIOUS)
 */
export type SecretStage = 'pending' | 'current' | 'previous'

/** `mark` is our own label on the version; null where somebody else put it there. */
export type StoredVersion = { version: string; stages: readonly SecretStage[]; mark: string | null }

export type NewSecret = {
  value: string
  /** The version's id, 32 to 64 characters of [0-9a-f-]. The same id with the same value again changes nothing. */
  version: string
  /** Stays on the version until it is erased, whatever becomes of the stages. */
  mark: string
  stage: 'pending' | 'current'
  /** Notes on the secret as a whole, kept when it is first written. Never a NIP, never a name. */
  tags: Readonly<Record<string, string>>
}

/** Every method throws `SecretStoreError` and nothing else. */
export interface SecretStore {
  /** Writes a version. Refuses as `broken` an id that stands for another value already. */
  put(name: string, secret: NewSecret): Promise<void>
  /** Null when there is no such secret or no such version. */
  get(name: string, version: string): Promise<(StoredVersion & { value: string }) | null>
  /** The version becomes `current`, the current one `previous`; it is pending no more. Harmless when it is current already. */
  promote(name: string, version: string): Promise<void>
  /** Ends one version; harmless when it is gone. */
  eraseVersion(name: string, version: string): Promise<void>
  /** Ends the secret with all versions; harmless when it is gone. */
  erase(name: string): Promise<void>
  /** All that can be read; none when there is no such secret. */
  versions(name: string): Promise<StoredVersion[]>
}

/**
 * What a store could not do, in words without a value in them.
 *
 * passes  the store is away, slow, throttled, or does not know us at present: says nothing about the secret.
 * broken  this secret is denied, marked for deletion or unreadable: it needs a person.
 */
export class SecretStoreError extends Error {
  readonly kind: 'passes' | 'broken'

  constructor(kind: 'passes' | 'broken', message: string) {
    super(message)
    this.name = 'SecretStoreError'
    this.kind = kind
  }
}
