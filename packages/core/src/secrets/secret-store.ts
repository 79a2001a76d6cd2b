/**
 * Where secrets rest: AWS Secrets Manager, or a folder of sealed files for development and small self-hosting.
 * Names are ours (`<prefix>/<company id>/<credential id>`); the store's own words for failures end in `SecretStoreError`,
 * which never carries a value.
 */
export interface SecretStore {
  /** Writes the value under the name and answers the reference to read it by. Writing again replaces it. */
  put(name: string, value: string): Promise<string>
  /** Null when there is no such secret. */
  get(ref: string): Promise<string | null>
  /** Ends the secret; harmless when it is gone already. */
  erase(ref: string): Promise<void>
}

export class SecretStoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'SecretStoreError'
  }
}
