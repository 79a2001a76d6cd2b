/** One door to KSeF: whose context, whose credential, whose token, and what happens when any of them is not to be had. */

import { randomBytes } from 'node:crypto'
import {
  type CompanyId,
  type CompanyKsef,
  changeCompany,
  createCredential,
  type SecretBus,
} from '@ksef-fleet/core'
import {
  createSelfSignedCertificate,
  encryptInvoice,
  FORMS,
  newSessionKey,
  type Result,
  Sealed,
} from '@ksef-fleet/ksef'
import { connectCacheRedis, connectListeningRedis } from '@ksef-fleet/worker/redis'
import { redisSecretBus } from '@ksef-fleet/worker/redis-secret-bus'
import type { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type DeliveryFleet,
  invoiceOf,
  sealFor,
  startDeliveryFleet,
  today,
} from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive, turn } from '../delivery/drive.ts'
import { calm } from '../delivery/faults.ts'
import { checkLedger } from '../delivery/ledger-check.ts'
import {
  type Client,
  countOf,
  grant,
  newClient,
  newNip,
  newProviderCredential,
  SIGN_IN,
  verified,
} from './provider-side.ts'

const SILENT = { info() {}, warn() {}, error() {} }
const MINUTE_MS = 60_000
const PROVIDER = newNip()

let fleet: DeliveryFleet
let worker: DeliveryWorker
const connections: Redis[] = []

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
  await newProviderCredential(worker, PROVIDER)
})
afterEach(async () => {
  await calm(fleet)
  await fleet.control('DELETE', '/outcomes')
  await fleet.control('POST', '/clock', { offsetMs: 0 })
})
afterAll(async () => {
  for (const one of connections) one.disconnect()
  await fleet?.close()
})

function connected(open: typeof connectCacheRedis): Redis {
  const connection = open(process.env.FLEET_TEST_REDIS_URL ?? '', SILENT)
  connections.push(connection)
  return connection
}

/** As each worker has one of its own. */
const bus = (): SecretBus =>
  redisSecretBus(
    { subscriber: connected(connectListeningRedis), publisher: connected(connectCacheRedis) },
    SILENT,
  )

const signIns = () => countOf(fleet, SIGN_IN)
const contextsOf = (one: DeliveryWorker) => one.context.contexts
/** One call that reads, in the company's context. */
const ask = (ksef: CompanyKsef) => ksef.call((client, access) => client.limits.rate(access))
const read = async (one: DeliveryWorker, id: CompanyId) => ask(await contextsOf(one).forCompany(id))

function given<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.failure.operation}: ${result.failure.code}`)
  return result.value
}

/** A client whose own certificate opens its context. */
async function ownClient(nip = newNip()): Promise<Client> {
  const client = await newClient(worker, { nip, credential: await sealFor(nip) })
  expect((await verified(worker, client)).state).toBe('active')
  return client
}

/** Valid for long before and after today, so that no clock of these stories leaves it. */
async function lastingClient(): Promise<Client> {
  const nip = newNip()
  const pem = await createSelfSignedCertificate({
    nip,
    name: `Firma ${nip}`,
    algorithm: 'ecdsa-p256',
    notBefore: new Date(Date.now() - 1_000 * MINUTE_MS),
    notAfter: new Date(Date.now() + 100_000 * MINUTE_MS),
  })
  const privateKeyPem = new Sealed(pem.privateKeyPem)
  return newClient(worker, { nip, credential: { type: 'certificate', ...pem, privateKeyPem } })
}

describe('the context of a company', () => {
  test('a storm of 1,000 callers for 100 contexts under one certificate, in two workers, signs in 100 times', async () => {
    const nips = Array.from({ length: 100 }, newNip)
    const clients = await Promise.all(nips.map((nip) => newClient(worker, { nip })))
    await Promise.all(nips.map((nip) => grant(fleet, { nip, to: PROVIDER })))
    // Their verifications would sign in, and are another story's; so is how many sign-ins an address may make at once.
    await fleet.admin.query(
      `update ksef_integrations set state = 'active', verify_due_at = null,
              rate_limits = '{"anonymous": {"perSecond": 10000, "perMinute": 600000, "perHour": 36000000}}',
              nip_proof = '{"method":"attested","at":"2026-01-01T00:00:00.000Z","by":"story"}'
        where company_id = any($1)`,
      [clients.map(({ id }) => id)],
    )
    const before = signIns()
    const workers = [fleet.worker(), fleet.worker()]
    const opened: CompanyKsef[] = []
    // So many at a time as the database has connections: the storm is about tokens.
    for (const one of workers)
      for (let next = 0; next < clients.length; next += 10) {
        const some = clients.slice(next, next + 10)
        opened.push(...(await Promise.all(some.map(({ id }) => contextsOf(one).forCompany(id)))))
      }
    expect(signIns()).toBe(before)
    const answers = await Promise.all(
      opened.flatMap((ksef) => Array.from({ length: 5 }, async () => (await ask(ksef)).ok)),
    )
    expect(answers).toHaveLength(1_000)
    expect(answers.every(Boolean)).toBe(true)
    expect(signIns() - before).toBe(100)
    const calls = fleet.simulator.ledger.calls().filter(({ operation }) => operation === 'GET /rate-limits')
    for (const nip of nips) expect(calls.filter(({ context }) => context?.value === nip)).toHaveLength(10)
  }, 180_000)

  test('opens with the company’s own credential before the provider’s, from the next use on', async () => {
    const client = await newClient(worker)
    await grant(fleet, { nip: client.nip, to: PROVIDER, description: client.integration.grantCode })
    await verified(worker, client)
    const byProvider = await contextsOf(worker).forCompany(client.id)
    expect(byProvider.credential.companyId).toBeNull()
    await fleet.accept(client.id, invoiceOf(client.nip, 'UNDER/1'))
    await drive(fleet, [worker], { companies: [client.id] })

    await createCredential(worker.context, {
      owner: client.id,
      name: 'własny',
      supplied: await sealFor(client.nip),
      autoRenew: false,
      actor: 'story',
    })
    const byOwn = await contextsOf(worker).forCompany(client.id)
    expect(byOwn.credential.companyId).toBe(client.id)
    await fleet.accept(client.id, invoiceOf(client.nip, 'UNDER/2'))
    await drive(fleet, [worker], { companies: [client.id] })
    await checkLedger(fleet, client)
    const { rows } = await fleet.admin.query(
      'select credential_id, state from sessions where company_id = $1 order by created_at',
      [client.id],
    )
    // What was opened under the provider's takes nothing any more, and is finished under it.
    expect(rows).toMatchObject([
      { credential_id: byProvider.credential.id },
      { credential_id: byOwn.credential.id, state: 'open' },
    ])
    expect(rows[0].state).not.toBe('open')
  })

  test('sends, lists and fetches the company’s own invoices, and nothing of another’s', async () => {
    const [seller, stranger] = [await ownClient(), await ownClient()]
    const ksef = await contextsOf(worker).forCompany(seller.id)
    expect(await ksef.testConnection()).toMatchObject({ ok: true, value: { claimed: ['Owner'] } })

    const key = newSessionKey(randomBytes)
    const opened = given(await ksef.openSession({ formCode: FORMS['FA (3)'].code, key }))
    const xml = invoiceOf(seller.nip, 'DOOR/1')
    const sent = given(await ksef.sendEncrypted(opened.referenceNumber, encryptInvoice(xml, key)))
    const seen = async () => given(await ksef.invoiceStatus(opened.referenceNumber, sent.referenceNumber))
    await expect.poll(async () => (await seen()).status.code).toBe(200)
    const { ksefNumber = '' } = await seen()

    const from = new Date(Date.now() - 2 * 24 * 60 * MINUTE_MS)
    const query = { subjectType: 'Subject1', dateRange: { dateType: 'Issue', from } } as const
    // Lists lag behind verdicts; and this one may be asked for twenty times an hour.
    await expect
      .poll(async () => given(await ksef.listInvoices(query)).invoices.map((one) => one.ksefNumber), {
        interval: 500,
        timeout: 5_000,
      })
      .toEqual([ksefNumber])
    expect(Buffer.from(given(await ksef.getInvoice(ksefNumber)).xml)).toEqual(Buffer.from(xml))

    const foreign = await contextsOf(worker).forCompany(stranger.id)
    expect((await foreign.getInvoice(ksefNumber)).ok).toBe(false)
    expect((await foreign.sessionStatus(opened.referenceNumber)).ok).toBe(false)
    const calls = fleet.simulator.ledger.calls().filter(({ path }) => path.includes(opened.referenceNumber))
    const last = calls.at(-1)
    expect(last).toMatchObject({ context: { value: stranger.nip } })
    for (const call of calls.slice(0, -1)) expect(call.context?.value).toBe(seller.nip)
  })

  test('takes an order of the company’s own program, which goes the way of every invoice', async () => {
    const seller = await ownClient()
    const ksef = await contextsOf(worker).forCompany(seller.id)
    const order = {
      invoice: {
        number: 'ORDER/1',
        issueDate: today(),
        lines: [{ name: 'Deski', quantity: '2', netUnitPrice: '10.00', vatRate: '23' as const }],
      },
      businessProfile: { address: { line1: 'Leśna 3' } },
      customer: { nip: '1111111111', name: 'Stolarnia' },
      idempotencyKey: 'order-1',
    }
    const { submission, replayed } = await ksef.sendInvoice(order)
    expect([submission.number, submission.sellerNip, replayed]).toEqual(['ORDER/1', seller.nip, false])
    const again = await ksef.sendInvoice(order)
    expect([again.submission.id, again.replayed]).toEqual([submission.id, true])
    const bare = {
      invoice: { ...order.invoice, number: 'ORDER/2' },
      customer: order.customer,
    }
    await expect(ksef.sendInvoice(bare)).rejects.toMatchObject({
      code: 'INVOICE_INVALID',
      faults: [{ code: 'INVOICE_FIELD_MISSING', pointer: '/seller/address' }],
    })
    const change = { address: { line1: 'Leśna 3' } }
    await changeCompany(worker.context, { companyId: seller.id, change, actor: 'story' })
    const { submission: short } = await ksef.sendInvoice(bare)
    const { db } = worker.context
    const stored = await db.withCompany(seller.id, (tx) => tx.documents.get(short.documentId))
    expect(Buffer.from(stored?.content ?? []).toString()).toContain('<AdresL1>Leśna 3</AdresL1>')
    await drive(fleet, [worker], { companies: [seller.id] })
    for (const one of [submission, short]) expect((await fleet.submission(one)).state).toBe('receipted')
  })

  test('is closed with the reason: no integration, not verified, revoked, out of date', async () => {
    const company = await newClient(worker)
    const closed = (code: string) =>
      expect(contextsOf(worker).forCompany(company.id)).rejects.toMatchObject({ code })
    await closed('INTEGRATION_PENDING')
    const named = { companyId: company.id, integrationId: company.integrationId, actor: 'story' }
    await contextsOf(worker).revokeIntegration(named)
    await closed('INTEGRATION_REVOKED')
    await fleet.admin.query('delete from ksef_integrations where company_id = $1', [company.id])
    await closed('INTEGRATION_MISSING')

    const own = await ownClient()
    await fleet.admin.query(
      `update ksef_credential_versions set not_after = now() - interval '1 minute' where company_id = $1`,
      [own.id],
    )
    const { rows } = await fleet.admin.query(
      `update ksef_credentials set state = 'ending' where company_id is null returning id`,
    )
    try {
      await expect(contextsOf(worker).forCompany(own.id)).rejects.toMatchObject({
        code: 'CREDENTIAL_EXPIRED',
      })
    } finally {
      const ids = rows.map(({ id }) => id)
      await fleet.admin.query(`update ksef_credentials set state = 'active' where id = any($1)`, [ids])
    }
  })
})

describe('an access token', () => {
  test.each([5, -5])('costs no second sign-in where our clock is %d minutes off', async (minutes) => {
    const client = await lastingClient()
    const off = fleet.worker({ now: () => new Date(Date.now() + minutes * MINUTE_MS) })
    expect((await verified(off, client)).state).toBe('active')
    const before = signIns()
    for (let call = 0; call < 9; call++) expect((await read(off, client.id)).ok).toBe(true)
    expect(signIns() - before).toBe(0)
    const answers = fleet.simulator.ledger.calls().filter(({ context }) => context?.value === client.nip)
    expect(answers.filter(({ httpStatus }) => httpStatus === 401)).toEqual([])
  })

  test('that KSeF ended early is dropped by all who meet the 401, and one of them signs in', async () => {
    const client = await ownClient()
    expect((await read(worker, client.id)).ok).toBe(true)
    await fleet.control('POST', '/clock', { offsetMs: 20 * MINUTE_MS })
    const before = signIns()
    const answers = await Promise.all(Array.from({ length: 4 }, () => read(worker, client.id)))
    expect(answers.every(({ ok }) => ok)).toBe(true)
    expect(signIns() - before).toBe(1)
  })

  test('of a company is forgotten everywhere on demand, and of no other company', async () => {
    const [one, other] = [await ownClient(), await ownClient()]
    const two = [fleet.worker({ bus: bus() }), fleet.worker({ bus: bus() })] as const
    const tokensOf = async ({ id }: Client) => {
      const seen: string[] = []
      for (const at of two) {
        const ksef = await contextsOf(at).forCompany(id)
        await ksef.call((client, access) => {
          seen.push(access.reveal())
          return client.limits.rate(access)
        })
      }
      return [...new Set(seen)]
    }
    const [before, others] = [await tokensOf(one), await tokensOf(other)]
    expect([before.length, others.length]).toEqual([1, 1])
    await contextsOf(two[0]).clearTokenCache(one.id)
    // The news travels through Redis: in the end neither worker has the old one, and both have the same.
    await expect
      .poll(async () => {
        const after = await tokensOf(one)
        return after.length === 1 && after[0] !== before[0]
      })
      .toBe(true)
    expect(await tokensOf(other)).toEqual(others)
  })

  test('of a revoked integration lies in Redis no more', async () => {
    const redis = connected(connectCacheRedis)
    await redis.flushdb()
    const client = await ownClient()
    expect(await redis.keys('fleet-token-*')).not.toEqual([])
    const named = { companyId: client.id, integrationId: client.integrationId, actor: 'story' }
    await contextsOf(worker).revokeIntegration(named)
    expect(await redis.keys('fleet-token-*')).toEqual([])
  })
})

describe('a credential that does not sign in', () => {
  test('is tried twice at most by two workers with much to send, and what waits is held for the reason', async () => {
    const client = await ownClient()
    await contextsOf(worker).clearTokenCache(client.id)
    for (let n = 0; n < 6; n++) await fleet.accept(client.id, invoiceOf(client.nip, `DEAD/${n}`))
    await fleet.control('POST', '/outcomes', { kind: 'authentication', code: 480, times: 100 })
    const before = signIns()
    await drive(fleet, [fleet.worker(), fleet.worker()], { companies: [client.id] })
    for (let round = 0; round < 5; round++) await turn(fleet, [worker], { companies: [client.id] })
    expect(signIns() - before).toBeLessThanOrEqual(2)
    const rows = await fleet.submissions(client.id)
    expect(new Set(rows.map(({ state, reason }) => `${state} ${reason?.code}`))).toEqual(
      new Set(['held CREDENTIAL_REFUSED']),
    )
  })

  test('because its secret is gone stops its own company only', async () => {
    const [broken, sound] = [await ownClient(), await ownClient()]
    const fresh = fleet.worker()
    await contextsOf(fresh).clearTokenCache(broken.id)
    const { credential } = await contextsOf(worker).forCompany(broken.id)
    await fresh.context.secrets.eraseSecret(credential)
    await fleet.accept(broken.id, invoiceOf(broken.nip, 'BROKEN/1'))
    const healthy = await fleet.accept(sound.id, invoiceOf(sound.nip, 'SOUND/1'))
    const before = signIns()
    await drive(fleet, [fresh], { companies: [broken.id, sound.id] })
    expect((await fleet.submission(healthy)).state).toBe('receipted')
    expect(await fleet.submissions(broken.id)).toMatchObject([
      { state: 'held', reason: { code: 'SECRET_BROKEN' } },
    ])
    const calls = fleet.simulator.ledger.calls().filter(({ context }) => context?.value === broken.nip)
    await turn(fleet, [fresh], { companies: [broken.id] })
    expect(
      fleet.simulator.ledger.calls().filter(({ context }) => context?.value === broken.nip),
    ).toHaveLength(calls.length)
    expect(signIns() - before).toBeLessThanOrEqual(1)
  })

  test('because the database points to another company’s secret is refused before any call of KSeF', async () => {
    const [one, other] = [await ownClient(), await ownClient()]
    const fresh = fleet.worker()
    for (const { id } of [one, other]) await contextsOf(fresh).clearTokenCache(id)
    await fleet.admin.query(
      `update ksef_credentials set secret_ref = (select secret_ref from ksef_credentials where company_id = $2)
        where company_id = $1`,
      [one.id, other.id],
    )
    await fleet.admin.query(
      `update ksef_credential_versions set secret_version =
         (select secret_version from ksef_credential_versions where company_id = $2) where company_id = $1`,
      [one.id, other.id],
    )
    const before = fleet.simulator.ledger.calls().length
    await expect(read(fresh, one.id)).rejects.toMatchObject({ code: 'SECRET_BROKEN' })
    expect(fleet.simulator.ledger.calls().length).toBe(before)
  })
})
