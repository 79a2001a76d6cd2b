/** A permission that is taken back in the midst of sending holds what waits, by name, and given back lets it go. */
import { requestProof } from '@ksef-fleet/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { answerWith, calm, SEND } from '../delivery/faults.ts'
import { checkLedger, postsOf } from '../delivery/ledger-check.ts'
import {
  type Client,
  countOf,
  grant,
  isVerificationDueWithin,
  newClient,
  newNip,
  newProviderCredential,
  SIGN_IN,
  takeBack,
  verified,
} from './provider-side.ts'

const PROVIDER = newNip()
const FORBIDDEN = {
  httpStatus: 403,
  body: { title: 'Forbidden', status: 403, reasonCode: 'missing-permissions' },
}

let fleet: DeliveryFleet
let worker: DeliveryWorker

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
  await newProviderCredential(worker, PROVIDER)
})
afterAll(() => fleet?.close())

async function activeClient(): Promise<Client> {
  const client = await newClient(worker)
  await grantTo(client)
  expect((await verified(worker, client)).state).toBe('active')
  return client
}

const grantTo = (client: Client & { integration?: { grantCode: string } }): Promise<void> =>
  fleet.db
    .withCompany(client.id, (tx) => tx.integrations.get(client.integrationId))
    .then((found) => grant(fleet, { nip: client.nip, to: PROVIDER, description: found?.grantCode ?? '' }))

const states = async ({ id }: Client) => (await fleet.submissions(id)).map(({ state }) => state)
const reasons = async ({ id }: Client) => [
  ...new Set((await fleet.submissions(id)).map(({ reason }) => reason?.code ?? null)),
]

async function accept(client: Client, count: number, name: string): Promise<void> {
  for (let n = 1; n <= count; n++) await fleet.accept(client.id, invoiceOf(client.nip, `${name}/${n}`))
}

/** The integration's verification by its timer, now instead of in a quarter of an hour. */
const lookNow = (client: Client) =>
  fleet.admin.query('update ksef_integrations set verify_due_at = now() where id = $1', [
    client.integrationId,
  ])

describe('a permission taken back in the midst of sending', () => {
  test('holds all that waits for it by name, and given back sends it by itself, each invoice once', async () => {
    const client = await activeClient()
    await accept(client, 6, 'MID')
    await takeBack(fleet, { nip: client.nip, from: PROVIDER })
    await answerWith(fleet, SEND, { ...FORBIDDEN, times: 100 })
    await drive(fleet, [worker], {
      companies: [client.id],
      until: async () => (await states(client)).every((state) => state === 'held'),
    })
    expect(await reasons(client)).toEqual(['KSEF_PERMISSION_MISSING'])
    const found = await fleet.db.withCompany(client.id, (tx) => tx.integrations.get(client.integrationId))
    expect(found).toMatchObject({ state: 'failed', failure: { code: 'KSEF_PERMISSION_MISSING' } })
    expect(found?.failure?.description).toContain('InvoiceWrite')
    expect(await isVerificationDueWithin(fleet, client, 16)).toBe(true)
    await expect(worker.context.contexts.forCompany(client.id)).rejects.toMatchObject({
      code: 'KSEF_PERMISSION_MISSING',
    })

    await accept(client, 2, 'LATER')
    await turn(fleet, [worker], { companies: [client.id] })
    expect(await states(client)).toEqual(Array.from({ length: 8 }, () => 'held'))

    await calm(fleet)
    await lookNow(client)
    await turn(fleet, [worker], { companies: [client.id], only: ['verify-integration'] })
    expect(await states(client)).toEqual(Array.from({ length: 8 }, () => 'held'))

    await grantTo(client)
    await lookNow(client)
    await turn(fleet, [worker], { companies: [client.id], only: ['verify-integration'] })
    await drive(fleet, [worker], { companies: [client.id] })
    expect(await states(client)).toEqual(Array.from({ length: 8 }, () => 'receipted'))
    await checkLedger(fleet, client)
    // One of them met the 403, which is a definite refusal; all the others left once.
    const posts = await postsOf(fleet, client)
    expect(posts.filter((count) => count > 2)).toEqual([])
  })

  test('told by the verdict on an invoice (410) does the same', async () => {
    const client = await activeClient()
    await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 410, times: 1 })
    await accept(client, 1, 'FIRST')
    const only = ['send-pending', 'poll-session']
    await drive(fleet, [worker], { companies: [client.id], only })
    expect(await reasons(client)).toEqual(['KSEF_PERMISSION_MISSING'])
    await accept(client, 2, 'NEXT')
    await turn(fleet, [worker], { companies: [client.id], only })
    expect(await states(client)).toEqual(['held', 'held', 'held'])
    // The permission is there after all: the verification that was asked for finds it and lets them go.
    await turn(fleet, [worker], { companies: [client.id], only: ['verify-integration'] })
    await drive(fleet, [worker], { companies: [client.id] })
    expect(new Set(await states(client))).toEqual(new Set(['receipted']))
  })

  test('leaves a verdict of 410 that no permission mends to a person, after a handful of sendings', async () => {
    const client = await activeClient()
    await fleet.control('POST', '/misbehaviours', { kind: 'invoice-status', code: 410, times: 100 })
    await accept(client, 1, 'HOPELESS')
    await drive(fleet, [worker], {
      companies: [client.id],
      until: async () => (await reasons(client))[0] === 'DELIVERY_KEEPS_FAILING',
      withinMs: 30_000,
    })
    await fleet.control('DELETE', '/misbehaviours')
    expect((await postsOf(fleet, client))[0]).toBeLessThanOrEqual(5)
  })
})

describe('a verification', () => {
  test('names the scope that is missing, and what is in force', async () => {
    const client = await newClient(worker, { scopes: ['InvoiceRead', 'InvoiceWrite'] })
    await grant(fleet, {
      nip: client.nip,
      to: PROVIDER,
      permissions: ['InvoiceRead'],
      description: client.integration.grantCode,
    })
    const found = await verified(worker, client)
    expect(found).toMatchObject({
      state: 'failed',
      permissionsInForce: ['InvoiceRead'],
      failure: { code: 'KSEF_PERMISSION_MISSING' },
    })
    expect(found.failure?.description).toMatch(/: InvoiceWrite$/)
  })

  test('of a context where the provider may do nothing says so, and looks again in a quarter of an hour', async () => {
    const client = await newClient(worker)
    const found = await verified(worker, client)
    expect(found).toMatchObject({ state: 'failed', failure: { code: 'KSEF_PERMISSION_MISSING' } })
    expect(found.failure?.description).toContain('InvoiceWrite')
    expect(await isVerificationDueWithin(fleet, client, 16)).toBe(true)
  })

  test('of many companies under a credential that KSeF refuses signs in once with it, and then no more', async () => {
    const dying = await startDeliveryFleet()
    try {
      const clerk = dying.worker()
      const provider = newNip()
      const provided = await newProviderCredential(clerk, provider)
      const clients = [await newClient(clerk), await newClient(clerk), await newClient(clerk)]
      for (const { nip } of clients) await grant(dying, { nip, to: provider })
      await dying.control('POST', '/outcomes', { kind: 'authentication', code: 460, times: 100 })
      const before = countOf(dying, SIGN_IN)
      for (const client of [...clients, ...clients]) {
        const found = await verified(clerk, client)
        expect(found).toMatchObject({ state: 'failed', failure: { code: 'CREDENTIAL_REFUSED' } })
      }
      expect(countOf(dying, SIGN_IN) - before).toBe(1)

      // KSeF was wrong, or has unblocked it: a person asks for another try, and it works for all.
      await dying.control('DELETE', '/outcomes')
      const { id } = provided.credential
      await requestProof(clerk.context, { owner: null, credentialId: id, actor: 'key:operator' })
      for (const client of clients) expect((await verified(clerk, client)).failure?.code).toBe('NIP_UNPROVED')
    } finally {
      await dying.close()
    }
  })
})
