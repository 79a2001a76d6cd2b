/** Against a real Secrets Manager endpoint (moto or AWS itself), named by FLEET_TEST_AWS_URL. */
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import { awsSecretStore } from '../src/secrets/aws-secret-store.ts'
import { SecretStoreError } from '../src/secrets/secret-store.ts'
import { CANARY, failureOf, newName, promisesOf, secretOf } from './secret-store-promises.ts'

const endpoint = process.env.FLEET_TEST_AWS_URL ?? ''
if (endpoint === '')
  console.warn('SKIPPED: the AWS secret store is not tested; set FLEET_TEST_AWS_URL to a Secrets Manager')

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const clientAt = (url: string, maxAttempts = 1) =>
  new SecretsManagerClient({ endpoint: url, region: 'eu-central-1', credentials, maxAttempts })

describe.skipIf(endpoint === '')('the AWS secret store', () => {
  const client = clientAt(endpoint)
  const store = awsSecretStore(client, { kmsKeyId: 'alias/fleet' })
  promisesOf(() => store)

  test('tags the secret with owner, credential and environment, under the KMS key of the settings', async () => {
    const name = newName()
    await store.put(name, secretOf(CANARY, 1, 'current'))
    const found = await client.send(new DescribeSecretCommand({ SecretId: name }))
    expect(found.Tags).toEqual([{ Key: 'ksef-fleet:owner', Value: 'provider' }])
    expect(found.KmsKeyId).toBe('alias/fleet')
  })
})

describe('a Secrets Manager that is not there', () => {
  test('passes, and fails with a name and without the value', async () => {
    const failure = await failureOf(
      awsSecretStore(clientAt('http://127.0.0.1:1')).put('name', secretOf(CANARY)),
    )
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(failure).toMatchObject({ kind: 'passes' })
    expect(String(failure)).not.toContain(CANARY)
  })
})
