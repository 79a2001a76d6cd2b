import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { awsSecretStore } from './aws-secret-store.ts'
import { localSecretStore } from './local-secret-store.ts'
import type { Sealer } from './sealer.ts'
import type { SecretStore } from './secret-store.ts'

export type SecretStoreSetting = { kind: 'aws'; kmsKeyId?: string } | { kind: 'local'; directory: string }

/**
 * However slow AWS is, one try ends after this, and there are few: the SDK repeats what is throttled or unanswered with
 * growing, jittered waits. Reads change nothing and writes carry their version's id, so a repetition is harmless.
 */
const CONNECT_MS_MAX = 2_000
const ANSWER_MS_MAX = 5_000
const TRIES_MAX = 3

/** The secret store of a deployment. Region, login and endpoint of AWS come from the SDK's own settings. */
export function openSecretStore(
  setting: SecretStoreSetting,
  deps: { sealer: Sealer; randomBytes: (length: number) => Uint8Array },
): SecretStore {
  if (setting.kind === 'local') return localSecretStore({ directory: setting.directory, ...deps })
  const { kind: _, ...options } = setting
  return awsSecretStore(
    new SecretsManagerClient({
      maxAttempts: TRIES_MAX,
      retryMode: 'standard',
      requestHandler: {
        connectionTimeout: CONNECT_MS_MAX,
        requestTimeout: ANSWER_MS_MAX,
        throwOnRequestTimeout: true,
      },
    }),
    options,
  )
}
