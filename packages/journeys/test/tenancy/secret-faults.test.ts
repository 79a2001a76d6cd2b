/**
 * The secret store is away, or what it holds of one company is of no use: nothing is lost, what waits says why, other
 * companies notice nothing, and no word of a secret is in any reason.
 */
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CompanyId, requestVerification, type Submission } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Connected,
  type DeliveryFleet,
  invoiceOf,
  startDeliveryFleet,
} from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive } from '../delivery/drive.ts'
import { checkLedger } from '../delivery/ledger-check.ts'

let fleet: DeliveryFleet
beforeAll(async () => {
  fleet = await startDeliveryFleet()
})
afterAll(() => fleet?.close())

const away = () => `${fleet.directory}-away`
function goDown() {
  renameSync(fleet.directory, away())
  writeFileSync(fleet.directory, '')
}
function comeBack() {
  rmSync(fleet.directory)
  renameSync(away(), fleet.directory)
}

/** As if the half minute had passed for which nobody asks a store that was away. */
const endWait = (companies: readonly CompanyId[]) =>
  fleet.admin.query('update ksef_integrations set blocked_until = null where company_id = any($1)', [
    companies,
  ])

const companiesOf = (count: number): Promise<Connected[]> =>
  Promise.all(Array.from({ length: count }, () => fleet.company()))

const acceptFor = ({ id, nip }: Connected, number: string): Promise<Submission> =>
  fleet.accept(id, invoiceOf(nip, number))

async function forgetTokens(worker: DeliveryWorker, companies: readonly Connected[]) {
  for (const { id } of companies) await worker.context.contexts.clearTokenCache(id)
}

async function statesOf(companies: readonly Connected[]): Promise<string[]> {
  const all = await Promise.all(companies.map(({ id }) => fleet.submissions(id)))
  return all.flat().map(({ state, reason }) => (reason === null ? state : `${state} ${reason.code}`))
}

const callsIn = ({ nip }: Connected): number =>
  fleet.simulator.ledger.calls().filter(({ context }) => context?.value === nip).length

describe('a secret store that is away', () => {
  test('at a cold start costs waiting and nothing else: all is sent when it is back', async () => {
    const companies = await companiesOf(3)
    const ids = companies.map(({ id }) => id)
    const cold = fleet.worker()
    await forgetTokens(cold, companies)
    for (const one of companies) await acceptFor(one, 'COLD')
    goDown()
    for (const id of ids) await cold.run('send-pending', { companyId: id })
    comeBack()
    expect(await statesOf(companies)).toEqual(['pending', 'pending', 'pending'])
    for (const { id, integration } of companies) {
      const seen = await fleet.db.withCompany(id, (tx) => tx.integrations.get(integration.id))
      expect(seen).toMatchObject({ state: 'active' })
      expect(seen?.blockedUntil).toBeInstanceOf(Date)
    }
    await endWait(ids)
    await drive(fleet, [cold], { companies: ids })
    expect(await statesOf(companies)).toEqual(['receipted', 'receipted', 'receipted'])
    for (const one of companies) await checkLedger(fleet, one)
  })

  test('is not noticed by a worker that knows its secrets', async () => {
    const companies = await companiesOf(2)
    const ids = companies.map(({ id }) => id)
    const warm = fleet.worker()
    await forgetTokens(warm, companies)
    for (const one of companies) await acceptFor(one, 'WARM/1')
    await drive(fleet, [warm], { companies: ids })
    await forgetTokens(warm, companies)
    goDown()
    try {
      for (const one of companies) await acceptFor(one, 'WARM/2')
      await drive(fleet, [warm], { companies: ids })
    } finally {
      comeBack()
    }
    expect(new Set(await statesOf(companies))).toEqual(new Set(['receipted']))
  })
})

/** What can be wrong with one company's secret, as somebody does it behind our back. */
type Damage = (victim: Connected, other: Connected) => Promise<{ why: string; undo: () => Promise<unknown> }>

const setReference = async (victim: Connected, wanted: { ref?: string; version?: string }) => {
  const { rows } = await fleet.admin.query<{ ref: string; version: string }>(
    `select c.secret_ref as ref, v.secret_version as version from ksef_credentials c
       join ksef_credential_versions v on v.credential_id = c.id where c.company_id = $1`,
    [victim.id],
  )
  const [before] = rows
  if (before === undefined) throw new Error('the company has no credential')
  const { ref, version } = { ...before, ...wanted }
  await fleet.admin.query('update ksef_credentials set secret_ref = $2 where company_id = $1', [
    victim.id,
    ref,
  ])
  await fleet.admin.query('update ksef_credential_versions set secret_version = $2 where company_id = $1', [
    victim.id,
    version,
  ])
  return before
}

const DAMAGES: Record<string, Damage> = {
  async 'is missing'(victim) {
    const good = await setReference(victim, { version: '0'.repeat(64) })
    return { why: 'the secret store has no such secret', undo: () => setReference(victim, good) }
  },
  async 'is another company’s, by a wrong row in the database,'(victim, other) {
    const good = await setReference(victim, await setReference(other, {}))
    return {
      why: 'the secret belongs to another company, context, credential or version',
      undo: () => setReference(victim, good),
    }
  },
  async 'is damaged'(victim) {
    const { ref, version } = await setReference(victim, {})
    const file = join(fleet.directory, createHash('sha256').update(ref).digest('hex'), version)
    const good = readFileSync(file)
    writeFileSync(file, good.subarray(0, -9))
    return {
      why: 'the secret was sealed under another master key, or was altered',
      undo: async () => writeFileSync(file, good),
    }
  },
}

describe('a secret that', () => {
  test.each(Object.entries(DAMAGES))(
    '%s stops its company alone, with a reason, until it is mended',
    async (_, damage) => {
      const [victim, other] = await companiesOf(2)
      if (victim === undefined || other === undefined) throw new Error('two companies are wanted')
      const worker = fleet.worker()
      const { why, undo } = await damage(victim, other)
      await forgetTokens(worker, [victim, other])
      const before = callsIn(victim)
      await acceptFor(other, 'OTHER')
      await acceptFor(victim, 'VICTIM')
      await drive(fleet, [worker], { companies: [victim.id, other.id] })
      expect(await statesOf([victim, other])).toEqual(['held SECRET_BROKEN', 'receipted'])
      expect(callsIn(victim), 'not one call to KSeF in its context').toBe(before)
      const [held] = await fleet.submissions(victim.id)
      expect(held?.reason).toEqual({ code: 'SECRET_BROKEN', description: why })

      await undo()
      const { id: integrationId } = victim.integration
      await requestVerification(worker.context, { companyId: victim.id, integrationId })
      const until = async () => (await statesOf([victim]))[0] === 'receipted'
      await drive(fleet, [worker], { companies: [victim.id], until })
      expect(callsIn(victim)).toBeGreaterThan(before)
    },
  )
})
