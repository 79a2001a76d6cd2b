/** Against a real Secrets Manager endpoint (moto or AWS itself), named by FLEET_TEST_AWS_URL. */
import { randomUUID } from 'node:crypto'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { describe, expect, test } from 'vitest'
import { awsSecretStore } from '../src/secrets/aws-secret-store.ts'
import { SecretStoreError } from '../src/secrets/secret-store.ts'

const endpoint = process.env.FLEET_TEST_AWS_URL ?? ''
if (endpoint === '')
  console.warn('SKIPPED: the AWS secret store is not tested; set FLEET_TEST_AWS_URL to a Secrets Manager')

const CANARY = 'canary-31cd'
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
const clientAt = (url: string) =>
  new SecretsManagerClient({ endpoint: url, region: 'eu-central-1', credentials, maxAttempts: 1 })

describe.skipIf(endpoint === '')('the AWS secret store', () => {
  const store = awsSecretStore(clientAt(endpoint))
  const newName = () => `ksef-fleet-test/${randomUUID()}/${randomUUID()}`

  test('gives back what was put, and the newer value when put again', async () => {
    const ref = await store.put(newName(), CANARY)
    expect(await store.get(ref)).toBe(CANARY)
    expect(await store.put(ref, 'newer')).toBe(ref)
    expect(await store.get(ref)).toBe('newer')
  })

  test('has nothing under a name never used, and nothing once erased; erasing twice is harmless', async () => {
    expect(await store.get(newName())).toBeNull()
    const ref = await store.put(newName(), CANARY)
    await store.erase(ref)
    await store.erase(ref)
    expect(await store.get(ref)).toBeNull()
  })

  test('takes a secret as large as a certificate with a 4096-bit key', async () => {
    const value = JSON.stringify({ certificatePem: 'c'.repeat(8_000), privateKeyPem: 'k'.repeat(4_000) })
    expect(await store.get(await store.put(newName(), value))).toBe(value)
  })
})

describe('a Secrets Manager that is not there', () => {
  test('fails with a name and without the value', async () => {
    const failure = await awsSecretStore(clientAt('http://127.0.0.1:1'))
      .put('name', CANARY)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SecretStoreError)
    expect(String(failure)).not.toContain(CANARY)
  })
})
