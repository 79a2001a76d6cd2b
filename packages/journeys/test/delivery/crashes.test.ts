/** A worker may die at any call of the database, before or after its commit: each invoice is registered exactly once all the same. */
import { randomBytes } from 'node:crypto'
import { type CompanyId, DELIVERY_TIMING, type Submission } from '@ksef-fleet/core'
import { encryptInvoice, FORMS, newSessionKey } from '@ksef-fleet/ksef'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Connected, type DeliveryFleet, invoiceOf, startDeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'
import { drive, driveTo, endLeases, turn } from './drive.ts'
import { deathsOf, dieAtEveryCall } from './every-death.ts'
import { arm, calm, LIST, OPEN, SEND } from './faults.ts'
import { checkLedger, postsOf } from './ledger-check.ts'
import type { Death } from './mortal-database.ts'

let fleet: DeliveryFleet
let healthy: DeliveryWorker

/** Silence after which sessions are closed: these stories go to the very end. */
const IDLE_SECONDS = 0.3

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  healthy = fleet.worker({ timing: { sessionIdleSeconds: IDLE_SECONDS } })
})
afterAll(() => fleet.close())

type Life = Connected & { submission: Submission; death: Death }
type Ended = Life & { hasDied: boolean }

async function start(death: Death): Promise<Life> {
  const company = await fleet.company()
  return { ...company, death, submission: await fleet.accept(company.id, invoiceOf(company.nip, 'C/1')) }
}

/** Those of the companies that still have something under way. */
async function openOf(companies: readonly CompanyId[]): Promise<ReadonlySet<CompanyId>> {
  const { rows } = await fleet.admin.query<{ id: CompanyId }>(
    `select company_id as id from submissions where company_id = any($1) and state <> 'receipted'
     union select company_id from sessions where company_id = any($1) and not state in ('settled', 'abandoned')`,
    [companies],
  )
  return new Set(rows.map(({ id }) => id))
}

const isOver = (companies: readonly CompanyId[]) => async () => (await openOf(companies)).size === 0

/** One worker a company, each of which dies at its own call; then a healthy one takes over when the leases have ended. */
async function surviveAll(deaths: readonly Death[]): Promise<Ended[]> {
  const lives = await Promise.all(deaths.map(start))
  const companies = lives.map(({ id }) => id)
  const mortals = new Map(
    lives.map(({ id, death }) => [id, fleet.worker({ death, timing: { sessionIdleSeconds: IDLE_SECONDS } })]),
  )
  await drive(fleet, mortals, {
    companies,
    until: async () => [...(await openOf(companies))].every((id) => mortals.get(id)?.db.dead),
  })
  await endLeases(fleet, companies)
  await drive(fleet, [healthy], { companies, until: isOver(companies), withinMs: 30_000 })
  return lives.map((life) => ({ ...life, hasDied: mortals.get(life.id)?.db.dead === true }))
}

describe('a worker killed', () => {
  test.each(['before', 'after'] as const)(
    '%s any call loses nothing, and sends nothing twice',
    async (when) => {
      const lives = await dieAtEveryCall({ when, atOnce: 13, surviveAll })
      expect(deathsOf(lives)).toBeGreaterThan(12)
      for (const life of lives) {
        expect(await fleet.submission(life.submission), `death at call ${life.death.atCall}`).toMatchObject({
          state: 'receipted',
        })
        // The list shows what was posted, so whatever the dead one sent is found and no invoice is posted twice.
        expect(await postsOf(fleet, life), `death at call ${life.death.atCall}`).toEqual([1])
        await checkLedger(fleet, life)
      }
    },
    120_000,
  )

  test('before any call, with a list that lags: nothing is lost, and a needless second POST is known as our own', async () => {
    await fleet.control('POST', '/list-lag', { ms: 400 })
    const lives = await surviveAll(
      Array.from({ length: 12 }, (_, index) => ({ atCall: index + 1, when: 'before' as const })),
    )
    await calm(fleet)
    for (const life of lives) {
      expect(await fleet.submission(life.submission)).toMatchObject({ state: 'receipted' })
      await checkLedger(fleet, life)
    }
  })

  test('ten times in a row at the same invoice still brings it to its end', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    for (let kill = 0; kill < 10; kill++) {
      const mortal = fleet.worker({
        death: { atCall: 3 + (kill % 6), when: kill % 2 === 0 ? 'before' : 'after' },
        timing: { sessionIdleSeconds: IDLE_SECONDS },
      })
      const over = isOver([life.id])
      await drive(fleet, [mortal], { companies: [life.id], until: async () => mortal.db.dead || over() })
      await endLeases(fleet, [life.id])
    }
    await drive(fleet, [healthy], { companies: [life.id], until: isOver([life.id]) })
    expect(await postsOf(fleet, life)).toEqual([1])
    await checkLedger(fleet, life)
  })

  test('after KSeF opened a session opens another, and closes the one that nobody knows', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    await arm(fleet, OPEN, { mode: 'drop-answer-after-effect' })
    const looked = async () => {
      const { rows } = await fleet.admin.query(
        `select 1 from sessions where company_id = $1 and state = 'abandoned' and next_poll_at is not null`,
        [life.id],
      )
      return rows.length === 0
    }
    const over = isOver([life.id])
    await drive(fleet, [healthy], { companies: [life.id], until: async () => (await over()) && looked() })
    const { rows } = await fleet.admin.query(
      'select state, reference_number as reference from sessions where company_id = $1 order by created_at',
      [life.id],
    )
    expect(rows.map(({ state }) => state)).toEqual(['abandoned', 'settled'])
    const orphan: string = rows[0].reference
    const closed = fleet.simulator.ledger
      .calls()
      .filter(({ path }) => path.endsWith(`/sessions/online/${orphan}/close`))
    expect(closed.map(({ httpStatus }) => httpStatus)).toEqual([204])
    expect(await postsOf(fleet, life)).toEqual([1])
  })

  test('before KSeF opened a session leaves another program’s the time to send into its own', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    const { orphanSeconds } = DELIVERY_TIMING
    const patient = fleet.worker({ timing: { orphanSeconds, sessionIdleSeconds: IDLE_SECONDS } })
    await arm(fleet, OPEN, { mode: 'reset-before-effect' })
    const ksef = await patient.context.contexts.forCompany(life.id)
    await drive(fleet, [patient], { companies: [life.id], until: isOver([life.id]) })
    const key = newSessionKey(randomBytes)
    const theirs = await ksef.openSession({ formCode: FORMS['FA (3)'].code, key })
    if (!theirs.ok) throw new Error(theirs.failure.code)
    const { referenceNumber } = theirs.value
    for (let more = 0; more < 5; more++) await turn(fleet, [patient], { companies: [life.id] })
    const invoice = encryptInvoice(invoiceOf(life.nip, 'ERP/1'), key)
    expect((await ksef.sendEncrypted(referenceNumber, invoice)).ok).toBe(true)

    const { rows } = await fleet.admin.query<{ id: string; at: Date }>(
      `select id, next_poll_at as at from sessions where company_id = $1 and state = 'abandoned'`,
      [life.id],
    )
    await fleet.admin.query(
      `update sessions set next_poll_at = now() where company_id = $1 and state = 'abandoned'`,
      [life.id],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]!.at.getTime()).toBeGreaterThan(Date.now() + 1_200_000)
    await patient.run('find-orphan', { companyId: life.id, sessionId: rows[0]!.id })
    const more = encryptInvoice(invoiceOf(life.nip, 'ERP/2'), key)
    expect((await ksef.sendEncrypted(referenceNumber, more)).ok).toBe(true)
  })
})

describe('a worker that slept', () => {
  test('beyond its lease cannot write over the one that took its place', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    const sleeper = fleet.worker()
    // Its POST arrives at once; the answer takes longer than its lease.
    await arm(fleet, SEND, { mode: 'delay', afterEffect: true, ms: 700 })
    const asleep = sleeper.run('send-pending', { companyId: life.id })
    await driveTo(fleet, healthy, { submission: life.submission, states: ['claimed'], only: [] })
    await drive(fleet, [], { companies: [life.id], until: async () => (await postsOf(fleet, life))[0] === 1 })
    await endLeases(fleet, [life.id])
    await driveTo(fleet, healthy, { submission: life.submission, states: ['receipted'] })
    const taken = await fleet.submission(life.submission)
    await asleep
    expect(await fleet.submission(life.submission)).toEqual(taken)
    expect(await postsOf(fleet, life)).toEqual([1])
    await checkLedger(fleet, life)
  })

  test('whose POST leaves after another sent the invoice is told that the session is closed', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    const sleeper = fleet.worker()
    await arm(fleet, SEND, { mode: 'delay', ms: 1_500 })
    const asleep = sleeper.run('send-pending', { companyId: life.id })
    await driveTo(fleet, healthy, { submission: life.submission, states: ['claimed'], only: [] })
    await drive(fleet, [], {
      companies: [life.id],
      until: async () => (await fleet.submission(life.submission)).attempts === 1,
    })
    await endLeases(fleet, [life.id])
    await driveTo(fleet, healthy, { submission: life.submission, states: ['receipted'] })
    await asleep
    const ended = await fleet.submission(life.submission)
    expect(ended).toMatchObject({ state: 'receipted', attempts: 2 })
    const { decisions } = fleet.simulator.ledger.snapshot()
    expect(decisions.filter(({ invoiceHash }) => invoiceHash === ended.invoiceHash)).toHaveLength(1)
    await checkLedger(fleet, life)
  })

  test('cannot take the claim from the one that holds it now', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    const [sleeper, second] = [fleet.worker(), fleet.worker()]
    await arm(fleet, SEND, { mode: 'delay', ms: 5_000 })
    const asleep = sleeper.run('send-pending', { companyId: life.id })
    await drive(fleet, [], {
      companies: [life.id],
      until: async () => (await fleet.submission(life.submission)).attempts === 1,
    })
    await endLeases(fleet, [life.id])
    await driveTo(fleet, healthy, {
      submission: life.submission,
      states: ['pending'],
      only: ['poll-session', 'finish-session'],
    })
    await arm(fleet, SEND, { mode: 'delay', afterEffect: true, ms: 9_000 })
    const holding = drive(fleet, [second], {
      companies: [life.id],
      until: async () => (await fleet.submission(life.submission)).state === 'sent',
      only: ['send-pending'],
      withinMs: 40_000,
    })
    await asleep
    // The sleeper was told that its session is closed, and would have put the invoice back for a third sending.
    expect(await fleet.submission(life.submission)).toMatchObject({ state: 'claimed', fence: 2, attempts: 2 })
    await holding
    await driveTo(fleet, healthy, { submission: life.submission, states: ['receipted'] })
    expect(await fleet.submission(life.submission)).toMatchObject({ attempts: 2 })
    await checkLedger(fleet, life)
  })

  test('a lost answer whose search is cut off again and again is found in the end', async () => {
    const life = await start({ atCall: 0, when: 'before' })
    await arm(fleet, SEND, { mode: 'drop-answer-after-effect' })
    await arm(fleet, LIST, { mode: 'cut-body-after-effect', times: 4 })
    await drive(fleet, [healthy], { companies: [life.id], until: isOver([life.id]) })
    expect(await postsOf(fleet, life)).toEqual([1])
    await checkLedger(fleet, life)
  })
})
