/** A rotation is asked for: the rows in a real PostgreSQL, the secrets in a real folder, and KSeF not yet involved. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type CompanyId,
  type CoreDependencies,
  type Credential,
  createCompany,
  createCredential,
  createIdSource,
  createIntegration,
  createKsefSecretManager,
  createSealer,
  FleetError,
  localSecretStore,
  Nip,
  requestRotation,
  type SecretStore,
  type Successor,
  type SuppliedCredential,
} from '@ksef-fleet/core'
import { type ConnectedDatabase, connect } from '@ksef-fleet/db'
import { createTestDatabase, type TestDatabase } from '@ksef-fleet/db/test-database'
import { Sealed } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealOf } from '../../src/fleet/demo-company.ts'

let database: TestDatabase
let db: ConnectedDatabase
let store: SecretStore
let deps: CoreDependencies
let provider: Credential
const directory = mkdtempSync(join(tmpdir(), 'rotation-'))
let nips = 5_265_000_000

beforeAll(async () => {
  database = await createTestDatabase()
  db = connect(database)
  const now = () => new Date()
  store = localSecretStore({ directory, sealer: createSealer(randomBytes(32), randomBytes), randomBytes })
  const secrets = createKsefSecretManager({ store, namePrefix: 'fleet', db, now })
  const newId = createIdSource({ now, randomBytes })
  deps = { db, secrets, environment: 'test', now, randomBytes, newId }
  const made = await createCredential(deps, {
    owner: null,
    name: 'provider',
    supplied: await certificateOf('5250000009'),
    autoRenew: false,
    actor: 'story',
  })
  provider = made.credential
})
afterAll(async () => {
  await db?.close()
  await database?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

const certificateOf = async (nip: string): Promise<SuppliedCredential> => {
  const { certificatePem, privateKeyPem } = await sealOf(nip, `Firma ${nip}`)
  return { type: 'certificate', certificatePem, privateKeyPem: new Sealed(privateKeyPem) }
}
let serial = 0
/** As KSeF writes them: reference number, context, secret. */
const tokenOf = (nip: string, text = randomBytes(32).toString('hex')): SuppliedCredential => {
  const reference = `20261122-EC-${(++serial).toString(16).toUpperCase().padStart(10, '0')}-0000000000-00`
  return { type: 'token', token: new Sealed(`${reference}|nip-${nip}|${text}`) }
}

async function companyWith(make: (nip: string) => SuppliedCredential | Promise<SuppliedCredential>) {
  const nip = String(++nips)
  const { id } = await createCompany(deps, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor: 'story' })
  const supplied = await make(nip)
  const { credential, version } = await createCredential(deps, {
    owner: id,
    name: 'own',
    supplied,
    autoRenew: false,
    actor: 'story',
  })
  return { id, nip, credential, version, supplied }
}

const rotate = (owner: CompanyId | null, credential: Credential, successor: Successor) =>
  deps.secrets.rotateCredentials({
    owner,
    credentialId: credential.id,
    successor,
    actor: 'key:7',
    requestId: 'r-1',
  })

const supplied = (credential: SuppliedCredential): Successor => ({ origin: 'supplied', credential })

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof FleetError ? error.code : String(error)),
  )

const versionsOf = (owner: CompanyId, { id }: Credential) =>
  db.withCompany(owner, (tx) => tx.credentials.versions(id))

describe('a rotation', () => {
  test('stages the supplied successor beside the version in use, due at once and audited', async () => {
    const { id, nip, credential, version } = await companyWith(tokenOf)
    const asked = tokenOf(nip, 'a'.repeat(64))
    const successor = await rotate(id, credential, supplied(asked))
    expect(successor).toMatchObject({ number: 2, state: 'staged', origin: 'supplied', tries: 0 })
    expect(successor.referenceNumber).toMatch(/^20261122-EC-/)
    const [first, second] = await versionsOf(id, credential)
    expect(first).toEqual(version)
    expect(second).toEqual(successor)
    expect(successor.nextStepAt).toBeInstanceOf(Date)
    const [one, two] = await Promise.all(
      [version, successor].map((of) => deps.secrets.getSecret(credential, of)),
    )
    expect(one?.kind === 'token' && one.token.reveal()).not.toBe(two?.kind === 'token' && two.token.reveal())
    const stored = await store.versions(credential.secretRef)
    expect(stored.map(({ stages }) => stages).toSorted()).toEqual([['current'], ['pending']])
    const [entry] = await db.withCompany(id, (tx) => tx.audit.list({ limit: 1, action: 'credential.rotate' }))
    expect(entry).toMatchObject({ actor: 'key:7', subject: credential.id, requestId: 'r-1', outcome: 'ok' })
    expect(JSON.stringify(entry)).not.toContain('a'.repeat(64))
  })

  test('of the provider’s certificate is the provider’s', async () => {
    const successor = await rotate(null, provider, supplied(await certificateOf('5250000009')))
    expect(successor).toMatchObject({ number: 2, state: 'staged' })
    const { id } = await companyWith(tokenOf)
    expect(await codeOf(rotate(id, provider, supplied(await certificateOf('5250000009'))))).toBe('NOT_FOUND')
  })

  test('of another company’s credential finds none', async () => {
    const [own, other] = [await companyWith(tokenOf), await companyWith(tokenOf)]
    for (const owner of [own.id, null])
      expect(await codeOf(rotate(owner, other.credential, supplied(tokenOf(other.nip))))).toBe('NOT_FOUND')
    expect(await store.versions(other.credential.secretRef)).toHaveLength(1)
  })

  test('to what is in use already, of another kind or of another context is refused, and nothing is stored', async () => {
    const token = await companyWith(tokenOf)
    const certificate = await companyWith(certificateOf)
    const bare = await companyWith(() => ({ type: 'token', token: new Sealed('x'.repeat(64)) }))
    const refused: [Awaited<ReturnType<typeof companyWith>>, Successor, string][] = [
      [token, supplied(token.supplied), 'CREDENTIAL_UNCHANGED'],
      [certificate, supplied(certificate.supplied), 'CREDENTIAL_UNCHANGED'],
      [bare, supplied(bare.supplied), 'CREDENTIAL_UNCHANGED'],
      [token, supplied(await certificateOf(token.nip)), 'CREDENTIAL_WRONG_KIND'],
      [certificate, supplied(tokenOf(certificate.nip)), 'CREDENTIAL_WRONG_KIND'],
      [certificate, { origin: 'generated' }, 'CREDENTIAL_WRONG_KIND'],
      [token, { origin: 'enrolled' }, 'CREDENTIAL_WRONG_KIND'],
      [token, supplied(tokenOf('1111111111')), 'CREDENTIAL_WRONG_CONTEXT'],
      [token, supplied({ type: 'token', token: new Sealed('') }), 'CREDENTIAL_UNREADABLE'],
      [
        token,
        supplied({ type: 'token', token: new Sealed(`two\nlines${'x'.repeat(40)}`) }),
        'CREDENTIAL_UNREADABLE',
      ],
    ]
    for (const [{ id, credential }, successor, code] of refused) {
      expect(await codeOf(rotate(id, credential, successor))).toBe(code)
      expect(await versionsOf(id, credential)).toHaveLength(1)
      expect(await store.versions(credential.secretRef)).toHaveLength(1)
    }
  })

  test('to a new token is open to an owner whose present secret is lost', async () => {
    const { id, credential } = await companyWith(() => ({ type: 'token', token: new Sealed('y'.repeat(64)) }))
    await store.erase(credential.secretRef)
    const next = { type: 'token', token: new Sealed('z'.repeat(64)) } as const
    expect(await rotate(id, credential, supplied(next))).toMatchObject({ number: 2, state: 'staged' })
  })

  test('made by KSeF is asked for once, while a supplied one may overtake it', async () => {
    const { id, nip, credential } = await companyWith(tokenOf)
    expect(await rotate(id, credential, { origin: 'generated' })).toMatchObject({
      number: 2,
      state: 'requested',
      secretVersion: null,
    })
    expect(await codeOf(rotate(id, credential, { origin: 'generated' }))).toBe('ROTATION_UNDER_WAY')
    expect(await rotate(id, credential, supplied(tokenOf(nip)))).toMatchObject({ number: 3, state: 'staged' })
  })

  test('asked for by twenty at once leaves one secret for each row, and none without', async () => {
    const { id, nip, credential } = await companyWith(tokenOf)
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(rotate(id, credential, supplied(tokenOf(nip))))),
    )
    expect(new Set(outcomes)).toEqual(new Set(['no error', 'ROTATION_UNDER_WAY']))
    const rows = await versionsOf(id, credential)
    expect(rows).toHaveLength(1 + outcomes.filter((one) => one === 'no error').length)
    for (const row of rows)
      expect(await deps.secrets.getSecret(credential, row)).toMatchObject({ kind: 'token' })
    const stored = await store.versions(credential.secretRef)
    expect(stored.map(({ version }) => version).toSorted()).toEqual(
      rows.map(({ secretVersion }) => secretVersion).toSorted(),
    )
  })

  test('of a revoked credential is refused, also when it is revoked meanwhile', async () => {
    const { id, nip, credential } = await companyWith(tokenOf)
    const end = () =>
      db.withCompany(id, (tx) => tx.credentials.move(credential.id, { from: 'active', to: 'ending' }))
    const secrets: CoreDependencies['secrets'] = {
      ...deps.secrets,
      async storeSecret(of, given) {
        const stored = await deps.secrets.storeSecret(of, given)
        await end()
        return stored
      },
    }
    const request = {
      owner: id,
      credentialId: credential.id,
      successor: supplied(tokenOf(nip)),
      actor: 'story',
    }
    expect(await codeOf(requestRotation({ ...deps, secrets }, request))).toBe('CREDENTIAL_ENDED')
    expect(await store.versions(credential.secretRef)).toHaveLength(1)
    expect(await codeOf(requestRotation(deps, request))).toBe('CREDENTIAL_ENDED')
  })
})

test('a provider’s certificate is at hand for every integration, and no company’s credential is', async () => {
  const { id } = await companyWith(tokenOf)
  const integration = await createIntegration(deps, { companyId: id, actor: 'story' })
  const found = await deps.secrets.getProviderCredentialsForIntegration(integration)
  expect(found.map((one) => one.id)).toEqual([provider.id])
  const [usable] = found
  expect(usable && deps.secrets.checkCredentialExpiry(usable)).toMatchObject({ isValid: true })
  expect(usable && (await deps.secrets.getSecret(usable, usable.version)).kind).toBe('certificate')
})
