/**
 * Two companies side by side, ten thousand operations interleaved: each reaches KSeF in its own company's context. The
 * simulator says in whose context a call arrived, and the path that was asked for says in whose it belongs.
 */
import {
  attestNip,
  type CompanyId,
  type CompanyKsef,
  createCompany,
  createCredential,
  createIntegration,
  Nip,
  type SuppliedCredential,
} from '@ksef-fleet/core'
import { Sealed } from '@ksef-fleet/ksef'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealOf } from '../../src/fleet/demo-company.ts'
import { type DeliveryFleet, invoiceOf, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { drive } from '../delivery/drive.ts'
import { ownersView } from './credentials-at-ksef.ts'

const OPERATIONS = 10_000
const AT_ONCE = 24
/** What a job does with the way it was given to a company's context. */
const CALLS_A_VISIT = 5
/** About one in so many visits begins with the loss of every token that Redis and the worker remember. */
const FORGOTTEN_EVERY = 100
/** And about one in so many is an attempt upon what belongs to the other company. */
const TRESPASS_EVERY = 20
const PROVIDER = '5250000001'
const WITHIN_MS = 600_000

type Side = { id: CompanyId; nip: string; ksefNumber: string; session: string; invoice: string }

let fleet: DeliveryFleet
let worker: DeliveryWorker
let redis: Redis

beforeAll(async () => {
  fleet = await startDeliveryFleet()
  worker = fleet.worker()
  redis = new Redis(process.env.FLEET_TEST_REDIS_URL ?? '')
})
afterAll(async () => {
  redis?.disconnect()
  await fleet?.close()
})

const owner = (nip: string) => ownersView(worker.context.ksef, fleet.ksefUrl, nip)

/** A company with one registered invoice, through the provider's certificate or through a token of its own. */
async function side(nip: string, credential: SuppliedCredential | null): Promise<Side> {
  const { context } = worker
  const actor = 'story'
  const company = await createCompany(context, { nip: Nip.parse(nip), name: `Firma ${nip}`, actor })
  const created = await createIntegration(context, {
    companyId: company.id,
    scopes: ['InvoiceRead', 'InvoiceWrite'],
    ...(credential === null ? {} : { credential }),
    actor,
  })
  const integration = { companyId: company.id, integrationId: created.id }
  if (credential === null) await attestNip(context, { ...integration, statement: 'a contract', actor })
  await worker.run('verify-integration', integration)
  const submission = await fleet.accept(company.id, invoiceOf(nip, 'FIRST'))
  await drive(fleet, [worker], { companies: [company.id] })
  const { ksefNumber, referenceNumber, sessionId } = await fleet.submission(submission)
  const session = await fleet.db.withCompany(company.id, async (tx) =>
    sessionId === null ? null : tx.sessions.get(sessionId),
  )
  if (ksefNumber === null || referenceNumber === null || session?.referenceNumber == null)
    throw new Error('the first invoice was not registered')
  await canBeDownloaded(company.id, ksefNumber)
  return { id: company.id, nip, ksefNumber, session: session.referenceNumber, invoice: referenceNumber }
}

/** KSeF gives an invoice out a while after it has registered it. */
async function canBeDownloaded(companyId: CompanyId, ksefNumber: string): Promise<void> {
  const ksef = await worker.context.contexts.forCompany(companyId)
  await expect.poll(() => ksef.getInvoice(ksefNumber), { timeout: 30_000 }).toMatchObject({ ok: true })
}

/** One operation upon what is `of`: null when KSeF gave it, else why not. */
async function operate(ksef: CompanyKsef, of: Side, kind: number): Promise<string | null> {
  if (kind === 2) {
    const document = await ksef.getInvoice(of.ksefNumber)
    if (!document.ok) return document.failure.code
    expect(Buffer.from(document.value.xml).toString()).toContain(`<NIP>${of.nip}</NIP>`)
    return null
  }
  const told = await (kind === 0
    ? ksef.sessionStatus(of.session)
    : ksef.invoiceStatus(of.session, of.invoice))
  return told.ok ? null : told.failure.code
}

/** Runs the operations and answers how many were granted and refused, of one's own and of the other's. */
async function interleave(one: Side, other: Side) {
  const tally = { own: 0, ownRefused: [] as string[], trespass: 0, trespassGranted: 0 }
  let next = 0
  const visit = async (n: number) => {
    const [whose, neighbour] = (n / CALLS_A_VISIT) % 2 === 0 ? [one, other] : [other, one]
    if (Math.random() * FORGOTTEN_EVERY < 1) {
      await redis.flushdb()
      await worker.context.contexts.clearTokenCache(whose.id)
    }
    const ksef = await worker.context.contexts.forCompany(whose.id)
    for (let call = 0; call < CALLS_A_VISIT; call++) {
      const trespasses = Math.random() * TRESPASS_EVERY < 1
      const refused = await operate(ksef, trespasses ? neighbour : whose, (n + call) % 3)
      if (trespasses) {
        tally.trespass++
        if (refused === null) tally.trespassGranted++
      } else {
        tally.own++
        if (refused !== null) tally.ownRefused.push(refused)
      }
    }
  }
  const lane = async () => {
    while (next < OPERATIONS) {
      const n = next
      next += CALLS_A_VISIT
      await visit(n)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return tally
}

/** Every call upon something of a side, as the simulator saw it: granted under the side's own context and no other. */
function crossings(sides: readonly Side[], from: number): { seen: number; wrong: object[] } {
  const calls = fleet.simulator.ledger.calls().slice(from)
  const ownerOf = (path: string) =>
    sides.find(({ ksefNumber, session }) => path.includes(ksefNumber) || path.includes(session))
  const about = calls.flatMap((call) => {
    const owner = ownerOf(call.path)
    return owner === undefined ? [] : [{ ...call, owner: owner.nip }]
  })
  return {
    seen: about.length,
    wrong: about.filter((call) => call.httpStatus < 400 && call.context?.value !== call.owner),
  }
}

async function story(one: Side, other: Side) {
  const before = fleet.simulator.ledger.calls().length
  const signedInBefore = signIns()
  const tally = await interleave(one, other)
  expect(tally.ownRefused).toEqual([])
  expect(tally.trespassGranted).toBe(0)
  expect(tally.own + tally.trespass).toBe(OPERATIONS)
  expect(tally.trespass).toBeGreaterThan(0)
  const { seen, wrong } = crossings([one, other], before)
  expect(wrong).toEqual([])
  expect(seen).toBe(OPERATIONS)
  // The caches were lost on the way, and filled again.
  expect(signIns()).toBeGreaterThan(signedInBefore)
}

const signIns = () => {
  const { operations } = fleet.simulator.ledger.snapshot()
  return (operations['POST /auth/xades-signature'] ?? 0) + (operations['POST /auth/ksef-token'] ?? 0)
}

test(
  "under one certificate of their provider, two companies' ten thousand operations never cross",
  async () => {
    const { certificatePem, privateKeyPem } = await sealOf(PROVIDER, 'Biuro rachunkowe')
    await createCredential(worker.context, {
      owner: null,
      name: 'seal of the office',
      supplied: { type: 'certificate', certificatePem, privateKeyPem: new Sealed(privateKeyPem) },
      autoRenew: false,
      actor: 'story',
    })
    const nips = ['5250000002', '5250000003'] as const
    for (const nip of nips) await (await owner(nip)).grant(PROVIDER)
    const [one, other] = [await side(nips[0], null), await side(nips[1], null)]
    await story(one, other)
  },
  WITHIN_MS,
)

test(
  'with a token each, two companies’ ten thousand operations never cross',
  async () => {
    const nips = ['5250000004', '5250000005'] as const
    const [one, other] = [
      await side(nips[0], await (await owner(nips[0])).newToken()),
      await side(nips[1], await (await owner(nips[1])).newToken()),
    ]
    await story(one, other)
  },
  WITHIN_MS,
)
