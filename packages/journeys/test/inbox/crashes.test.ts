/** A worker that receives may die at any call of the database, before or after its commit: everything is here once all the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeliveryFleet, startDeliveryFleet } from '../delivery/delivery-fleet.ts'
import type { DeliveryWorker } from '../delivery/delivery-worker.ts'
import { deathsOf, dieAtEveryCall } from '../delivery/every-death.ts'
import type { Death } from '../delivery/mortal-database.ts'
import {
  areWhole,
  driveSyncs,
  dueNow,
  eventsOf,
  inOrder,
  issueTo,
  type Receiver,
  received,
  receiver,
  standingOf,
} from './inbox-fleet.ts'

let fleet: DeliveryFleet
let healthy: DeliveryWorker

const COUNT = 9
const LATE = 3
/** A look at an export that is not ready costs calls of the database, each of which is died at. */
const PATIENT = { exportPollSeconds: [0.3] }

beforeAll(async () => {
  // Two truncated windows and the rest, and a document that is fetched by itself.
  fleet = await startDeliveryFleet({ retrieval: { exportInvoices: 4 } })
  healthy = fleet.worker()
})
afterAll(() => fleet.close())

type Issued = ReturnType<typeof issueTo>
/** @property late what the syncs before have passed over */
type Story = { company: Receiver; issued: Issued; late: Issued }

async function anImport(): Promise<Story> {
  const company = await receiver(fleet, healthy)
  return { company, issued: issueTo(fleet, company, { series: `${company.nip}/`, count: COUNT }), late: [] }
}

/** Whole, and then invoices that KSeF stores below the mark that it had called final. */
async function passedOver(): Promise<Story> {
  const company = await receiver(fleet, healthy)
  const issued = issueTo(fleet, company, { series: `${company.nip}/`, count: 1 })
  await driveSyncs(fleet, [healthy], { companies: [company.id] })
  const storedFrom = new Date(Date.now() - 1_800_000).toISOString()
  const late = issueTo(fleet, company, { series: `${company.nip}/L/`, count: LATE, storedFrom })
  return { company, issued, late }
}

async function whatIsMissing(): Promise<Story> {
  const story = await passedOver()
  const { id, integration } = story.company
  for (const { ksefNumber, invoiceHash } of story.late)
    await fleet.admin.query(
      `insert into ksef_missing_documents
         (company_id, integration_id, subject_type, ksef_number, invoice_hash, code, tries, found_at, next_try_at)
       values ($1, $2, 'Subject2', $3, $4, 'DOCUMENT_MISSING', 0, now(), now())`,
      [id, integration.id, ksefNumber, invoiceHash],
    )
  await dueNow(fleet, id)
  return story
}

async function anAudit(): Promise<Story> {
  const story = await passedOver()
  await fleet.admin.query(
    'update ksef_sync_state set next_audit_at = completed_at, next_sync_at = now() where company_id = $1 and held is null',
    [story.company.id],
  )
  return story
}

const hasCome = async ({ company, issued, late }: Story) =>
  (await standingOf(healthy, company)).state.completedAt !== null &&
  (await received(fleet, company.id)).length === issued.length + late.length

async function expectWhole({ company, issued, late }: Story): Promise<void> {
  expect(inOrder(await received(fleet, company.id))).toEqual(inOrder([...issued, ...late]))
  const told = (await eventsOf(fleet, company.id, 'inbox.received')).map(({ ksefNumber }) => ksefNumber)
  expect(told.slice(0, issued.length)).toEqual(issued.map(({ ksefNumber }) => ksefNumber))
  expect(told.slice(issued.length).sort()).toEqual(late.map(({ ksefNumber }) => ksefNumber).sort())
  expect((await eventsOf(fleet, company.id, 'sync.completed')).length).toBe(1)
  const standing = await standingOf(healthy, company)
  expect(standing).toMatchObject({ missing: 0, completeUpTo: standing.state.checkpoint })
}

async function expectAudited(story: Story): Promise<void> {
  await expectWhole(story)
  const told = await eventsOf(fleet, story.company.id, 'sync.failed')
  expect(told).toMatchObject([{ code: 'SYNC_AUDIT_DIFFERS', missing: LATE, listed: LATE + 1 }])
}

describe.each([
  ['an import', anImport, { deathsMin: 12, expectEnded: expectWhole }],
  ['the fetching of what is missing', whatIsMissing, { deathsMin: 8, expectEnded: expectWhole }],
  ['an audit and what it finds', anAudit, { deathsMin: 18, expectEnded: expectAudited }],
] as const)('%s', (_, begins, { deathsMin, expectEnded }) => {
  test.each(['before', 'after'] as const)(
    'killed %s any call, loses nothing, stores nothing twice and tells each once',
    async (when) => {
      const lives = await dieAtEveryCall({
        when,
        atOnce: 6,
        surviveAll: (deaths) =>
          Promise.all(
            deaths.map(async (death) => {
              const life = await survive(await begins(), death)
              await expectEnded(life)
              return life
            }),
          ),
      })
      expect(deathsOf(lives)).toBeGreaterThanOrEqual(deathsMin)
    },
    240_000,
  )
})

/** The mortal one goes on until it dies, if it does; then its lease ends and another takes over. */
async function survive(story: Story, death: Death): Promise<Story & { hasDied: boolean }> {
  const { company } = story
  const mortal = fleet.worker({ death, inboxTiming: PATIENT })
  await driveSyncs(fleet, [mortal], {
    companies: [company.id],
    until: async () => mortal.db.dead || ((await hasCome(story)) && areWhole(fleet, [company.id])),
  })
  await fleet.admin.query(
    `update ksef_sync_state set lease_until = now() - interval '1 second' where company_id = $1 and lease_until is not null`,
    [company.id],
  )
  await driveSyncs(fleet, [healthy], {
    companies: [company.id],
    until: async () => {
      // An audit whose order was lost follows on the next window.
      await dueNow(fleet, company.id)
      return hasCome(story)
    },
  })
  await driveSyncs(fleet, [healthy], { companies: [company.id] })
  return { ...story, hasDied: mortal.db.dead }
}
