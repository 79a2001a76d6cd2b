import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { awsSecretStore } from './aws-secret-store.ts'
import { localSecretStore } from './local-secret-store.ts'
import type { Sealer } from './sealer.ts'
import type { SecretStore } from './secret-store.ts'

export type SecretStoreSetting = { kind: 'aws' } | { kind: 'local'; directory: string }

/** However slow AWS is, nothing waits longer for a secret than this; warm caches go on serving. */
const CONNECT_MS_MAX = 3_000
const ANSWER_MS_MAX = 10_000

/** The secret store of a deployment. Region, login and endpoint of AWS come from the SDK's own settings. */
export function openSecretStore(
  setting: SecretStoreSetting,
  deps: { sealer: Sealer; randomBytes: (length: number) => Uint8Array },
): SecretStore {
  if (setting.kind === 'local') return localSecretStore({ directory: setting.directory, ...deps })
  return awsSecretStore(
    new SecretsManagerClient({
      requestHandler: {
        connectionTimeout: CONNECT_MS_MAX,
        requestTimeout: ANSWER_MS_MAX,
        throwOnRequestTimeout: true,
      },
    }),
  )
}
