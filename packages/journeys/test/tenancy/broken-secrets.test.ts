/**
 * What the secret store holds of some companies is of no use (rows E11 and E12 of the fault table): missing, malformed, of
 * the wrong kind, another owner's. KSeF is not called with it, no text tells a word of it, others go on, and mended it is
 * used again.
 */
import { randomBytes } from 'node:crypto'
import {
  type Credential,
  type CredentialVersion,
  createLogger,
  createSealer,
  localSecretStore,
  packSecret,
} from '@ksef-fleet/core'
import { Sealed } from '@ksef-fleet/ksef'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Connected,
  type DeliveryFleet,
  invoiceOf,
  startDeliveryFleet,
} from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import { everythingIn } from '../redis-contents.ts'
import { type ApiInFront, apiInFrontOf } from './api-in-front.ts'
import { countOf, SIGN_IN } from './provider-side.ts'
import { versionsOf } from './rotation-story.ts'

const VICTIMS = 10
const SOUND = 2
/** On a machine that has other things to do. */
const WITHIN_MS = 60_000
const CANARY = `canary${randomBytes(12).toString('hex')}`

let fleet: DeliveryFleet
let api: ApiInFront
let redis: Redis
let raw: ReturnType<typeof localSecretStore>

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  api = await apiInFrontOf(fleet)
  redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
  const sealer = createSealer(fleet.masterKey, randomBytes)
  raw = localSecretStore({ directory: fleet.directory, sealer, randomBytes })
})
afterAll(async () => {
  redis?.disconnect()
  await api?.[Symbol.asyncDispose]()
  await fleet?.close()
})

type Stored = { credential: Credential; version: CredentialVersion; secretVersion: string; value: string }

async function storedOf({ id }: Connected): Promise<Stored & { mark: string }> {
  const { credential, versions } = await versionsOf(fleet, id)
  const [version] = versions
  const secretVersion = version?.secretVersion
  if (version === undefined || secretVersion == null) throw new Error('no secret was stored')
  const found = await raw.get(credential.secretRef, secretVersion)
  if (found === null) throw new Error('the secret is not there')
  return { credential, version, secretVersion, value: found.value, mark: found.mark ?? '' }
}

/** As somebody does it behind the fleet's back: under the same name and version, with another value or none. */
async function replace(of: Stored & { mark: string }, value: string | null): Promise<void> {
  const { credential, secretVersion, mark } = of
  await raw.erase(credential.secretRef)
  if (value === null) return
  await raw.put(credential.secretRef, { value, version: secretVersion, mark, stage: 'current', tags: {} })
}

/** A secret of a token where a certificate's is expected, and otherwise of the right owner. */
const tokenSecretOf = ({ credential, version }: Stored): string => {
  const { id: credentialId, companyId, context } = credential
  const owner = { credentialId, companyId, context, number: version.number }
  return packSecret(owner, { kind: 'token', token: new Sealed(CANARY) })
}

const SPOILT: [title: string, value: (own: Stored, another: Stored) => string | null][] = [
  ['is missing', () => null],
  ['is malformed', ({ value }) => `{"secret":"${CANARY}${value.slice(0, 40)}`],
  ['is of the wrong kind', tokenSecretOf],
  ['is another company’s', (_, another) => another.value],
]

const acceptFor = (companies: readonly Connected[], name: string) =>
  Promise.all(companies.map(({ id, nip }) => fleet.accept(id, invoiceOf(nip, `${name}/${nip}`))))

async function statesOf(companies: readonly Connected[]): Promise<Set<string>> {
  const all = await Promise.all(companies.map(({ id }) => fleet.submissions(id)))
  return new Set(all.flat().map(({ state, reason }) => (reason === null ? state : `${state} ${reason.code}`)))
}

const callsOf = (companies: readonly Connected[]): number => {
  const nips = new Set(companies.map(({ nip }) => nip))
  return fleet.simulator.ledger.calls().filter(({ context }) => nips.has(context?.value ?? '')).length
}

/** Everything that people and programs read: rows but the documents, log lines, what lies in Redis, what the API tells. */
async function everyText(lines: readonly string[], companies: readonly Connected[]): Promise<string> {
  const { rows: tables } = await fleet.admin.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'ksef_documents_raw'`,
  )
  const texts = [...lines, ...api.lines]
  for (const { name } of tables)
    texts.push(JSON.stringify((await fleet.admin.query(`select t::text as row from ${name} t`)).rows))
  for (const { id } of companies)
    for (const page of ['status', 'doctor', 'integrations', 'credentials', 'invoices'])
      texts.push((await api.call(`/v1/companies/${id}/${page}`)).text)
  texts.push(...(await everythingIn(redis)))
  return texts.join('\n')
}

/** A worker that knows nothing yet, in a fleet that has forgotten every token. */
async function coldWorker(): Promise<{ worker: DeliveryWorker; lines: string[] }> {
  await redis.flushdb()
  const lines: string[] = []
  const log = createLogger({
    service: 'worker',
    level: 'debug',
    destination: { write: (one) => lines.push(one) },
  })
  return { worker: fleet.worker({ log }), lines }
}

test.each(SPOILT)(
  'a secret that %s stops its own company before KSeF is called, in words without it, until it is mended',
  async (_, spoil) => {
    const all = await Promise.all(Array.from({ length: VICTIMS + SOUND }, () => fleet.company()))
    const [victims, sound] = [all.slice(0, VICTIMS), all.slice(VICTIMS)]
    const another = await storedOf(sound[0]!)
    const good = await Promise.all(victims.map(storedOf))
    for (const own of good) await replace(own, spoil(own, another))

    const { worker, lines } = await coldWorker()
    const [calls, signIns] = [callsOf(victims), countOf(fleet, SIGN_IN)]
    await acceptFor(all, 'ONE')
    await drive(fleet, [worker], { companies: all.map(({ id }) => id), withinMs: WITHIN_MS })
    const ids = victims.map(({ id }) => id)
    for (let round = 0; round < 3; round++) await turn(fleet, [worker], { companies: ids })
    expect(await statesOf(sound)).toEqual(new Set(['receipted']))
    expect(await statesOf(victims)).toEqual(new Set(['held SECRET_BROKEN']))
    expect(callsOf(victims) - calls).toBe(0)
    // Only the sound ones have signed in; the others' secrets were never shown to KSeF.
    expect(countOf(fleet, SIGN_IN) - signIns).toBe(SOUND)

    const told = await everyText(lines, victims)
    expect(told).toContain('SECRET_BROKEN')
    for (const secret of [CANARY, ...keyLines([another, ...good])]) expect(told).not.toContain(secret)
    const doctor = await api.call(`/v1/companies/${ids[0]}/doctor`)
    expect(doctor.body).toMatchObject({ well: false })
    expect(doctor.text).toContain('SECRET_BROKEN')

    for (const own of good) await replace(own, own.value)
    for (const { id, integration } of victims) {
      const path = `/v1/companies/${id}/integrations/${integration.id}/verify`
      expect((await api.call(path, undefined, 'POST')).status).toBe(202)
    }
    const until = async () => [...(await statesOf(victims))].join() === 'receipted'
    await drive(fleet, [worker], { companies: ids, until, withinMs: WITHIN_MS })
    for (const victim of victims) {
      expect(await postsOf(fleet, victim)).toEqual([1])
      await checkLedger(fleet, victim)
    }
  },
  3 * WITHIN_MS,
)

/** A line of each private key, long enough to be found nowhere by chance. */
const keyLines = (all: readonly Stored[]): string[] =>
  all.map(({ value }) => {
    const line = /PRIVATE KEY-----\\n([^\\]{40,})/.exec(value)?.[1]
    if (line === undefined) throw new Error('there is no key to look for')
    return line
  })
