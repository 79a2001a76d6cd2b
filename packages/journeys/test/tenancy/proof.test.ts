/** With one certificate every client's context opens. What keeps a company from naming another's NIP is proof. */
import { setTimeout as sleep } from 'node:timers/promises'
import { attestNip, requestVerification, withdrawAttestation } from '@ksef-fleet/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryFleet, invoiceOf, sealFor, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { arm, calm } from '../delivery/faults.ts'
import {
  grant,
  isVerificationDueWithin,
  newClient,
  newNip,
  newProviderCredential,
  takeBack,
  verified,
} from './provider-side.ts'

const PROVIDER = newNip()

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
  await newProviderCredential(worker, PROVIDER)
})
afterAll(() => fleet?.close())

describe('a company that names a NIP', () => {
  test('which entrusted the provider for somebody else never becomes active, and nothing is sent for it', async () => {
    const nip = newNip()
    await grant(fleet, { nip, to: PROVIDER })
    const impostor = await newClient(worker, { nip })
    const found = await verified(worker, impostor)
    expect(found).toMatchObject({ state: 'pending', nipProof: null, failure: { code: 'NIP_UNPROVED' } })
    expect(found.failure?.description).toContain(found.grantCode)
    expect(await isVerificationDueWithin(fleet, impostor, 16)).toBe(true)

    const submission = await fleet.accept(impostor.id, invoiceOf(nip, 'FALSE/1'))
    for (let round = 0; round < 3; round++) await turn(fleet, [worker], { companies: [impostor.id] })
    expect((await fleet.submission(submission)).state).toBe('pending')
    await expect(worker.context.contexts.forCompany(impostor.id)).rejects.toMatchObject({
      code: 'INTEGRATION_PENDING',
    })
    const { decisions } = fleet.simulator.ledger.snapshot()
    expect(decisions.filter(({ context }) => context.value === nip)).toEqual([])
  })

  test('is believed once the grant carries its code, however that is written, and its invoices go out', async () => {
    const client = await newClient(worker)
    const submission = await fleet.accept(client.id, invoiceOf(client.nip, 'CODE/1'))
    const written = client.integration.grantCode.toLowerCase().replaceAll('-', ' ')
    await grant(fleet, { nip: client.nip, to: PROVIDER, description: `Biuro rachunkowe, ${written}.` })
    expect(await verified(worker, client)).toMatchObject({
      state: 'active',
      failure: null,
      nipProof: { method: 'grant-code' },
      permissionsInForce: ['InvoiceWrite'],
    })
    await drive(fleet, [worker], { companies: [client.id] })
    expect((await fleet.submission(submission)).state).toBe('receipted')
  })

  test('is not believed for the code of another integration', async () => {
    const [one, other] = [await newClient(worker), await newClient(worker)]
    await grant(fleet, { nip: one.nip, to: PROVIDER, description: other.integration.grantCode })
    expect((await verified(worker, one)).failure?.code).toBe('NIP_UNPROVED')
  })

  test('stops when the next check finds the code gone, and what waits is held for the reason', async () => {
    const client = await newClient(worker)
    await grant(fleet, { nip: client.nip, to: PROVIDER, description: client.integration.grantCode })
    expect((await verified(worker, client)).state).toBe('active')
    await takeBack(fleet, { nip: client.nip, from: PROVIDER })
    await grant(fleet, { nip: client.nip, to: PROVIDER })
    const submission = await fleet.accept(client.id, invoiceOf(client.nip, 'GONE/1'))
    expect(await verified(worker, client)).toMatchObject({
      state: 'failed',
      nipProof: null,
      failure: { code: 'NIP_UNPROVED' },
    })
    expect(await fleet.submission(submission)).toMatchObject({
      state: 'held',
      reason: { code: 'NIP_UNPROVED' },
    })
  })

  test('is believed on an administrator’s word, until it is taken back', async () => {
    const client = await newClient(worker)
    await grant(fleet, { nip: client.nip, to: PROVIDER })
    expect((await verified(worker, client)).state).toBe('pending')
    const named = { companyId: client.id, integrationId: client.integrationId, actor: 'key:administrator' }
    await attestNip(worker.context, { ...named, statement: 'umowa nr 7 widziana' })
    expect(await verified(worker, client)).toMatchObject({
      state: 'active',
      nipProof: { method: 'attested', by: 'key:administrator' },
    })
    expect(await verified(worker, client)).toMatchObject({ state: 'active' })
    expect(await withdrawAttestation(worker.context, named)).not.toMatchObject({ state: 'active' })
    expect(await verified(worker, client)).toMatchObject({
      nipProof: null,
      failure: { code: 'NIP_UNPROVED' },
    })
    await expect(worker.context.contexts.forCompany(client.id)).rejects.toThrow()
  })

  test('proves it by opening the context with a credential of its own, also where the provider’s would open it', async () => {
    const nip = newNip()
    await grant(fleet, { nip, to: PROVIDER })
    const client = await newClient(worker, { nip, credential: await sealFor(nip) })
    expect(await verified(worker, client)).toMatchObject({
      state: 'active',
      nipProof: { method: 'own-credential' },
    })
    const ksef = await worker.context.contexts.forCompany(client.id)
    expect(ksef.credential.companyId).toBe(client.id)
  })

  test('is checked again within a day of each success', async () => {
    const client = await newClient(worker, { nip: newNip() })
    await grant(fleet, { nip: client.nip, to: PROVIDER, description: client.integration.grantCode })
    await verified(worker, client)
    expect(await isVerificationDueWithin(fleet, client, 24 * 60)).toBe(true)
    expect(await isVerificationDueWithin(fleet, client, 21 * 60)).toBe(false)
  })
})

describe('a verification', () => {
  afterEach(() => calm(fleet))

  test('that was asked for while another was under way is not forgotten', async () => {
    const client = await newClient(worker)
    await arm(fleet, 'POST /permissions/query/personal/grants', { mode: 'delay', ms: 700, afterEffect: true })
    await grant(fleet, { nip: client.nip, to: PROVIDER })
    const underWay = verified(worker, client)
    const asked = 'POST /permissions/query/personal/grants'
    while (
      !fleet.simulator.ledger
        .calls()
        .some(({ operation, context }) => operation === asked && context?.value === client.nip)
    )
      await sleep(10)
    await takeBack(fleet, { nip: client.nip, from: PROVIDER })
    await grant(fleet, { nip: client.nip, to: PROVIDER, description: client.integration.grantCode })
    await requestVerification(worker.context, { companyId: client.id, integrationId: client.integrationId })
    expect(await underWay).toMatchObject({ state: 'pending', failure: { code: 'NIP_UNPROVED' } })
    expect(await isVerificationDueWithin(fleet, client, 1)).toBe(true)
    await turn(fleet, [worker], { companies: [client.id] })
    expect(
      await fleet.db.withCompany(client.id, (tx) => tx.integrations.get(client.integrationId)),
    ).toMatchObject({
      state: 'active',
    })
  })

  test('is asked for by a new credential of the provider, wherever an integration does not work', async () => {
    const client = await newClient(worker)
    await grant(fleet, { nip: client.nip, to: PROVIDER })
    expect((await verified(worker, client)).state).toBe('pending')
    expect(await isVerificationDueWithin(fleet, client, 1)).toBe(false)
    await newProviderCredential(worker, newNip())
    expect(await isVerificationDueWithin(fleet, client, 1)).toBe(true)
  })
})
