/**
 * A credential is rotated while invoices are on their way, and the worker that rotates dies at every call of the database in
 * turn: no invoice is lost or sent twice, the old credential is dead in KSeF, and its secret is gone. More than five hundred
 * invoices are on their way meanwhile: six for each life.
 */
import { randomBytes } from 'node:crypto'
import {
  type CompanyId,
  createCompany,
  createCredential,
  createIntegration,
  createSealer,
  localSecretStore,
  Nip,
  requestRotation,
  type SecretStore,
  type Successor,
} from '@ksef-fleet/core'
import type { KsefClient } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { deathsOf, dieAtEveryCall } from '../delivery/every-death.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import type { Death } from '../delivery/mortal-database.ts'
import { clientOf, type OwnersView, ownersView, seal } from './credentials-at-ksef.ts'
import { endStepLeases, spin, unreceipted, versionStates, versionsOf } from './rotation-story.ts'

const PROVIDER = '5250000002'
const INVOICES = 6
/** On a machine that has other things to do. */
const PATIENCE_MS = 480_000
/** A look at what KSeF has done costs calls of the database, and a story counts them. */
const timing = { sessionIdleSeconds: 0.3, pollSeconds: [0.5] }
const NEVER: Death = { atCall: 0, when: 'before' }
const AT_ONCE = 6
const actor = 'story'

let fleet: DeliveryFleet
let healthy: DeliveryWorker
let ksef: KsefClient
let store: SecretStore
let nips = 5_262_000_000

beforeAll(async () => {
  fleet = await startDeliveryFleet({ processingDelayMs: 20 })
  healthy = fleet.worker({ timing: { sessionIdleSeconds: 0.3, pollSeconds: [0.05, 0.1, 0.3] } })
  ksef = clientOf(fleet.ksefUrl)
  const { directory, masterKey } = fleet
  store = localSecretStore({ directory, sealer: createSealer(masterKey, randomBytes), randomBytes })
  const supplied = await seal(PROVIDER)
  await createCredential(healthy.context, {
    owner: null,
    name: 'provider',
    supplied,
    autoRenew: false,
    actor,
  })
})
afterAll(async () => {
  await ksef?.close()
  await fleet?.close()
})

type Kind = {
  name: string
  /** Calls of the database that a whole rotation takes at the least. */
  deathsMin: number
  /** Tokens and certificates that KSeF has made when all is over, old ones too. */
  madeAtKsef: { tokens: number; certificates: number }
  first(owner: OwnersView): ReturnType<OwnersView['newToken']>
  successor(owner: OwnersView): Promise<Successor>
}

const KINDS: readonly Kind[] = [
  {
    name: 'a token whose successor is supplied',
    deathsMin: 18,
    madeAtKsef: { tokens: 2, certificates: 0 },
    first: (owner) => owner.newToken(),
    successor: async (owner) => ({ origin: 'supplied', credential: await owner.newToken() }),
  },
  {
    name: 'a token whose successor KSeF makes',
    deathsMin: 28,
    madeAtKsef: { tokens: 2, certificates: 0 },
    first: (owner) => owner.newToken(),
    async successor(owner) {
      await owner.grant(PROVIDER)
      return { origin: 'generated' }
    },
  },
  {
    name: 'a certificate',
    deathsMin: 30,
    madeAtKsef: { tokens: 0, certificates: 2 },
    first: (owner) => owner.newCertificate(),
    successor: async () => ({ origin: 'enrolled' }),
  },
]

type Life = { id: CompanyId; nip: string; owner: OwnersView; death: Death; invoices: number }
type Ended = Life & { hasDied: boolean }

/** A company with invoices on their way under version 1, and a successor asked for. */
async function begin(
  kind: Kind,
  { death, invoices = INVOICES }: { death: Death; invoices?: number },
): Promise<Life> {
  const { context } = healthy
  const nip = String(++nips)
  const owner = await ownersView(ksef, fleet.ksefUrl, nip)
  const company = await createCompany(context, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor })
  const { id } = company
  const credential = await kind.first(owner)
  const integration = await createIntegration(context, { companyId: id, credential, actor })
  await healthy.run('verify-integration', { companyId: id, integrationId: integration.id })
  // Half of them are sent when the credential changes, under a session that is open; the other half are not.
  for (let number = 1; number <= invoices; number++) {
    await fleet.accept(id, invoiceOf(nip, `R/${number}`))
    if (number === Math.floor(invoices / 2)) await healthy.run('send-pending', { companyId: id })
  }
  const { credential: stored } = await versionsOf(fleet, id)
  await requestRotation(context, {
    owner: id,
    credentialId: stored.id,
    successor: await kind.successor(owner),
    actor,
  })
  return { id, nip, owner, death, invoices }
}

async function beginAll(kind: Kind, deaths: readonly Death[]): Promise<Life[]> {
  const lives: Life[] = []
  for (let from = 0; from < deaths.length; from += AT_ONCE)
    lives.push(
      ...(await Promise.all(deaths.slice(from, from + AT_ONCE).map((death) => begin(kind, { death })))),
    )
  return lives
}

const isRotated = async (companies: readonly CompanyId[]): Promise<boolean> => {
  const states = await versionStates(fleet, companies)
  return states.get('erased active') === companies.length
}

const isOver = (companies: readonly CompanyId[]) => async () =>
  (await isRotated(companies)) && (await unreceipted(fleet, companies)) === 0

/** Each rotation's worker dies at its own call, while another delivers; then a healthy one takes over. */
async function surviveAll(kind: Kind, deaths: readonly Death[]): Promise<Ended[]> {
  const lives = await beginAll(kind, deaths)
  const companies = lives.map(({ id }) => id)
  const mortals = new Map(lives.map(({ id, death }) => [id, fleet.worker({ death, timing })]))
  const alive = () => companies.filter((id) => mortals.get(id)?.db.dead !== true)
  await spin(fleet, {
    companies,
    rotating: mortals,
    delivering: [healthy],
    done: async () => alive().length === 0 || (await isRotated(alive())),
  })
  await endStepLeases(fleet, companies)
  const rotating = [healthy]
  await spin(fleet, { companies, rotating, delivering: rotating, done: isOver(companies) })
  return lives.map((life) => ({ ...life, hasDied: mortals.get(life.id)?.db.dead === true }))
}

async function checkLife(life: Life): Promise<void> {
  const { credential, versions } = await versionsOf(fleet, life.id)
  const [old, active] = versions
  if (old === undefined || active === undefined) throw new Error('a version is missing')
  expect(versions.map(({ state }) => state)).toEqual(['erased', 'active'])
  expect(new Set(await postsOf(fleet, life))).toEqual(new Set(life.invoices === 0 ? [] : [1]))
  await checkLedger(fleet, life)

  healthy.context.secrets.dropSecret(credential.id)
  await expect(healthy.context.secrets.getSecret(credential, old)).rejects.toMatchObject({
    code: 'SECRET_BROKEN',
  })
  await expect(healthy.context.secrets.getSecret(credential, active)).resolves.toMatchObject({
    kind: credential.kind,
  })

  // Nothing else rests under its name, not even what a killed worker stored and nobody pointed to.
  expect((await store.versions(credential.secretRef)).map(({ version }) => version)).toEqual([
    active.secretVersion,
  ])

  if (credential.kind === 'token') {
    const alive = (await life.owner.tokens()).filter(({ status }) => status === 'Active')
    expect(alive.map(({ referenceNumber }) => referenceNumber)).toEqual([active.referenceNumber])
  } else {
    const alive = (await life.owner.certificates()).filter(({ status }) => status === 'Active')
    expect(alive.map(({ certificateSerialNumber }) => certificateSerialNumber)).toEqual([active.serialNumber])
  }
}

describe.each(KINDS)('the rotation of $name', (kind) => {
  test('is done once when three workers are rung for every step at once', async () => {
    const life = await begin(kind, { death: NEVER, invoices: 2 })
    await spin(fleet, {
      companies: [life.id],
      rotating: [fleet.worker({ timing }), fleet.worker({ timing }), fleet.worker({ timing })],
      delivering: [healthy],
      done: isOver([life.id]),
    })
    await checkLife(life)
    const { rows } = await fleet.admin.query(
      `select data from events where company_id = $1 and type = 'credential.rotated'`,
      [life.id],
    )
    expect(rows).toMatchObject([{ data: { version: 2 } }])
    // What was there before, and one successor: nothing was made twice and cleared away.
    expect(await life.owner.tokens()).toHaveLength(kind.madeAtKsef.tokens)
    expect(await life.owner.certificates()).toHaveLength(kind.madeAtKsef.certificates)
  })

  test(
    'survives a worker killed at any of them, with invoices on their way',
    async () => {
      const lives = await dieAtEveryCall({
        when: 'before',
        atOnce: 8,
        surviveAll: (deaths) => surviveAll(kind, deaths),
      })
      expect(deathsOf(lives)).toBeGreaterThanOrEqual(kind.deathsMin)
      for (const life of lives) await checkLife(life)
    },
    PATIENCE_MS,
  )
})
