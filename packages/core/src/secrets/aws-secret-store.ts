import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { type SecretStore, SecretStoreError } from './secret-store.ts'

/** Secrets in AWS Secrets Manager. References are the secrets' names, so that a restore to another account keeps working. */
export function awsSecretStore(client: SecretsManagerClient): SecretStore {
  return {
    async put(name, value) {
      await translated(async () => {
        try {
          await client.send(new CreateSecretCommand({ Name: name, SecretString: value }))
        } catch (error) {
          if (nameOf(error) !== 'ResourceExistsException') throw error
          await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }))
        }
      })
      return name
    },
    async get(ref) {
      return translated(async () => {
        try {
          const answer = await client.send(new GetSecretValueCommand({ SecretId: ref }))
          return answer.SecretString ?? null
        } catch (error) {
          if (nameOf(error) === 'ResourceNotFoundException') return null
          throw error
        }
      })
    },
    async erase(ref) {
      await translated(async () => {
        try {
          await client.send(new DeleteSecretCommand({ SecretId: ref, ForceDeleteWithoutRecovery: true }))
        } catch (error) {
          if (nameOf(error) !== 'ResourceNotFoundException') throw error
        }
      })
    },
  }
}

/** The SDK's errors may quote the request; only their name leaves here. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new SecretStoreError(`AWS Secrets Manager answered ${nameOf(error)}`)
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'an unknown error')
