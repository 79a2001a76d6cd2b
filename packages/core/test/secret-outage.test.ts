/** What AWS Secrets Manager can do to us, done by a server in front of one (moto or AWS), named by FLEET_TEST_AWS_URL. */
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { awsSecretStore } from '../src/secrets/aws-secret-store.ts'
import { type FaultyEndpoint, type SecretsFault, startFaultyEndpoint } from './faulty-secrets-endpoint.ts'
import { CANARY, codeOf, managerOver, newCredential, reveal, storedToken, tokenOf } from './secret-stage.ts'

const endpoint = process.env.FLEET_TEST_AWS_URL ?? ''
if (endpoint === '')
  console.warn(
    'SKIPPED: outages of Secrets Manager are not tested; set FLEET_TEST_AWS_URL to a Secrets Manager',
  )

const TRIES = 3
const MINUTE = 60_000

const THROTTLED: SecretsFault = { status: 400, type: 'ThrottlingException' }
const DOWN: SecretsFault = { status: 500, type: 'InternalServiceError' }

let line: FaultyEndpoint
let client: SecretsManagerClient
const clientOf = (more: { maxAttempts: number; requestTimeout: number }) =>
  new SecretsManagerClient({
    endpoint: line.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: more.maxAttempts,
    requestHandler: { requestTimeout: more.requestTimeout, throwOnRequestTimeout: true },
  })
beforeEach(async () => {
  line = await startFaultyEndpoint(endpoint)
  client = clientOf({ maxAttempts: TRIES, requestTimeout: 20_000 })
})
afterEach(async () => {
  client.destroy()
  await line[Symbol.asyncDispose]()
})
const stageIt = () => managerOver(awsSecretStore(client))

describe.skipIf(endpoint === '')('Secrets Manager', () => {
  const OUTAGES: [string, SecretsFault][] = [
    ['throttling', THROTTLED],
    ['too busy', { status: 429, type: 'TooManyRequestsException' }],
    ['failing inside', DOWN],
    ['not there for a while', { status: 503, type: 'ServiceUnavailable' }],
    ['cutting the line', 'cut'],
    ['no longer knowing our login', { status: 400, type: 'ExpiredTokenException' }],
    ['calling our clock wrong', { status: 403, type: 'InvalidSignatureException' }],
  ]
  test.each(OUTAGES)(
    '%s is an outage: nothing is said of the secret, a warm one serves on, and afterwards all is well',
    async (_, fault) => {
      const stage = stageIt()
      const [warm, cold] = [await storedToken(stage), await storedToken(stage)]
      await stage.secrets.getSecret(warm.credential, warm.version)
      line.fail(fault)
      expect(await codeOf(stage.secrets.getSecret(cold.credential, cold.version))).toBe('SECRET_UNAVAILABLE')
      expect(
        await codeOf(
          stage.secrets.storeSecret(cold.credential, {
            number: 2,
            secret: tokenOf(CANARY),
            stage: 'current',
          }),
        ),
      ).toBe('SECRET_UNAVAILABLE')
      stage.pass(6 * MINUTE)
      expect(reveal(await stage.secrets.getSecret(warm.credential, warm.version))).toBe(CANARY)
      line.heal()
      expect(reveal(await stage.secrets.getSecret(cold.credential, cold.version))).toBe(CANARY)
    },
  )

  test('that is slow is an outage after a time that is known', async () => {
    const { credential, version } = await storedToken(stageIt())
    const hurried = clientOf({ maxAttempts: 2, requestTimeout: 1_000 })
    const stage = managerOver(awsSecretStore(hurried))
    await stage.secrets.getSecret(credential, version)
    line.fail('silent')
    stage.pass(6 * MINUTE)
    expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
    stage.secrets.dropSecret(credential.id)
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_UNAVAILABLE')
    hurried.destroy()
  })

  test.each([
    ['denies access', { status: 400, type: 'AccessDeniedException' }],
    ['has it marked for deletion', { status: 400, type: 'InvalidRequestException' }],
    ['cannot decrypt it', { status: 400, type: 'DecryptionFailure' }],
    ['has no such secret', { status: 400, type: 'ResourceNotFoundException' }],
  ] as const)('that %s makes the secret broken, warm or not, without a word of it', async (_, fault) => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    await stage.secrets.getSecret(credential, version)
    line.fail(fault)
    stage.pass(5 * MINUTE)
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_BROKEN')
    expect(
      await codeOf(
        stage.secrets.storeSecret(credential, { number: 2, secret: tokenOf(CANARY), stage: 'pending' }),
      ),
    ).not.toBe('no error')
  })

  test('throttling for a moment is waited out', async () => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    const before = line.requests.length
    line.fail(THROTTLED, TRIES - 1)
    expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
    expect(line.requests.slice(before)).toEqual(Array.from({ length: TRIES }, () => 'GetSecretValue'))
  })

  test('throttling all the time is asked no more than three times, however many wait, and left alone while warm', async () => {
    const stage = stageIt()
    const { credential, version } = await storedToken(stage)
    await stage.secrets.getSecret(credential, version)
    line.fail(THROTTLED)
    stage.pass(5 * MINUTE)
    const before = line.requests.length
    for (let second = 0; second < 14; second++) {
      await Promise.all(Array.from({ length: 50 }, () => stage.secrets.getSecret(credential, version)))
      stage.pass(1_000)
    }
    expect(line.requests.length - before).toBe(TRIES)
  })

  test('that loses its answer to a write has one version, and knows it', async () => {
    const stage = stageIt()
    const { credential, secretVersion } = await storedToken(stage)
    const store = awsSecretStore(client)
    line.fail('lost', 2)
    const two = await stage.secrets.storeSecret(credential, {
      number: 2,
      secret: tokenOf('two'),
      stage: 'pending',
    })
    line.fail('lost', 2)
    await stage.secrets.promoteSecret(credential, two)
    line.fail('lost', 2)
    await stage.secrets.eraseVersion(credential, secretVersion)
    expect(await store.versions(credential.secretRef)).toEqual([
      { version: two, mark: expect.stringMatching(/^fleet-v2-token-/), stages: ['current'] },
    ])
  })

  test('that refuses to move a label a second time, because the first answer was lost, is believed to have moved it', async () => {
    const stage = stageIt()
    const { credential, secretVersion } = await storedToken(stage)
    const given = { number: 2, secret: tokenOf('two'), stage: 'pending' } as const
    const two = await stage.secrets.storeSecret(credential, given)
    const refused: SecretsFault = { status: 400, type: 'InvalidParameterException', done: true }
    line.failOnly('UpdateSecretVersionStage', refused)
    await stage.secrets.promoteSecret(credential, two)
    await stage.secrets.eraseVersion(credential, secretVersion)
    const left = await awsSecretStore(client).versions(credential.secretRef)
    expect(left).toMatchObject([{ version: two, stages: ['current'] }])
    line.failOnly('UpdateSecretVersionStage', { status: 400, type: 'InvalidParameterException' })
    const three = await stage.secrets.storeSecret(credential, { ...given, number: 3 })
    expect(await codeOf(stage.secrets.promoteSecret(credential, three))).toBe('SECRET_BROKEN')
  })

  test('that loses its answer while a secret is made goes on from what is there', async () => {
    const stage = stageIt()
    line.fail('lost', 1)
    const { credential, version } = await storedToken(stage)
    expect(reveal(await stage.secrets.getSecret(credential, version))).toBe(CANARY)
    expect(await awsSecretStore(client).versions(credential.secretRef)).toHaveLength(1)
  })

  test('in which somebody has marked the secret for deletion has none, and ends it without complaint', async () => {
    const stage = stageIt()
    const { credential, version, secretVersion } = await storedToken(stage)
    await client.send(new DeleteSecretCommand({ SecretId: credential.secretRef, RecoveryWindowInDays: 7 }))
    expect(await codeOf(stage.secrets.getSecret(credential, version))).toBe('SECRET_BROKEN')
    expect(await codeOf(stage.secrets.promoteSecret(credential, secretVersion))).toBe('SECRET_BROKEN')
    await stage.secrets.eraseVersion(credential, secretVersion)
    await stage.secrets.eraseSecret(credential)
  })

  test('holds each owner’s secrets under a name of its own', async () => {
    const stage = stageIt()
    const own = newCredential(stage)
    expect(own.secretRef).toBe(`fleet-test/${own.companyId}/${own.id}`)
    const shared = newCredential(stage, { companyId: null })
    expect(shared.secretRef).toBe(`fleet-test/provider/${shared.id}`)
  })
})
