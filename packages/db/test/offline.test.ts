import { randomUUID } from 'node:crypto'
import { type Company, OutageId, type StoredOutage, type SystemTransaction } from '@ksef-fleet/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { insertCompany, insertIntegration, insertSubmission, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())

let company: Company
beforeEach(async () => {
  company = await insertCompany(fleet)
  await insertIntegration(fleet, company)
})

const at = (iso: string) => new Date(iso)
const asSystem = <T>(work: (tx: SystemTransaction) => Promise<T>) => db.asSystem('manage-outages', work)
const outages = () => asSystem((tx) => tx.outages.list('test'))
const changedAt = () => asSystem(async (tx) => (await tx.availability.get('test'))?.outagesChangedAt)
const toReckon = () => db.withCompany(company.id, (tx) => tx.offline.toReckon('test', 500))

function newOutage(set: Partial<StoredOutage> = {}): StoredOutage {
  const now = new Date()
  return {
    id: OutageId.parse(randomUUID()),
    environment: 'test',
    kind: 'failure',
    announced: now,
    start: now,
    end: null,
    source: 'administrator',
    reference: null,
    note: null,
    createdAt: now,
    withdrawnAt: null,
    ...set,
  }
}

describe('deadlines', () => {
  const OFFLINE = { offlineMode: 'offline24', offlineChoice: 'caller' } as const

  test('are counted from the moment of issue where that is known', async () => {
    const outagesAt = at('2026-01-01T00:00:00Z')
    const createdAt = at('2026-11-20T10:00:00Z')
    const policy = { offlineMode: 'awaria', offlineChoice: 'policy' } as const
    const chosen = await insertSubmission(fleet, company, {
      ...{ ...policy, outagesAt, createdAt },
      ...{ state: 'rejected', reason: { code: 'KSEF_REJECTED' } },
    })
    const said = await insertSubmission(fleet, company, {
      ...{ ...OFFLINE, outagesAt, createdAt },
      offlineMode: 'awaria',
    })
    const correctsHash = chosen.invoiceHash
    const correction = await insertSubmission(fleet, company, {
      ...{ ...policy, outagesAt, correctsId: chosen.id, correctsHash },
    })
    await asSystem((tx) => tx.outages.insert(newOutage()))
    const moments = new Map((await toReckon()).map(({ id, issuedAt }) => [id, issuedAt]))
    expect([chosen, said, correction].map(({ id }) => moments.get(id))).toEqual([createdAt, null, createdAt])
  })

  test('are worked out anew once for each change of the outages, whatever the microsecond', async () => {
    const { id } = await insertSubmission(fleet, company, {
      ...OFFLINE,
      outagesAt: at('2026-01-01T00:00:00Z'),
    })
    for (let change = 0; change < 5; change++) {
      const before = await changedAt()
      await asSystem(async (tx) => {
        await tx.outages.insert(newOutage())
        await tx.outages.insert(newOutage())
      })
      expect((await changedAt())?.getTime()).toBeGreaterThan(before?.getTime() ?? 0)
      expect((await toReckon()).map((row) => row.id)).toEqual([id])
      await db.withCompany(company.id, async (tx) => {
        const { changedAt: outagesAt } = await tx.offline.outages('test')
        await tx.offline.reckoned([{ id, deadline: '2026-12-01', outagesAt, alarmAt: null }])
      })
      expect(await toReckon()).toEqual([])
    }
  })
})

describe('an outage the lighthouse told', () => {
  const told = (set: Partial<StoredOutage> = {}) => {
    const { kind, start, end } = newOutage({ start: at('2026-11-02T08:00:00Z'), ...set })
    return [{ kind, announced: at('2026-11-02T08:00:00Z'), start, end, reference: 'event-1' }] as const
  }
  const takeOver = (set?: Partial<StoredOutage>) => asSystem((tx) => tx.outages.takeOver('test', told(set)))
  const end = async () => (await outages()).find(({ reference }) => reference === 'event-1')?.end

  test('keeps the end that an administrator gave it until the lighthouse names one', async () => {
    expect(await takeOver()).toBe(true)
    const [outage] = (await outages()).filter(({ reference }) => reference === 'event-1')
    const ended = at('2026-11-02T12:00:00Z')
    expect(await asSystem((tx) => tx.outages.end(outage?.id ?? OutageId.parse(''), ended))).toBe(true)
    expect(await takeOver()).toBe(false)
    expect(await end()).toEqual(ended)
    const named = at('2026-11-02T13:00:00Z')
    expect(await takeOver({ end: named })).toBe(true)
    expect(await end()).toEqual(named)
    // Begun after that end, it is another outage under the old number.
    expect(await takeOver({ start: at('2026-11-03T08:00:00Z') })).toBe(true)
    expect(await end()).toBeNull()
  })
})

test('calls of several workers add up, and the last one that was answered is told', async () => {
  const answeredAt = new Date()
  const count = (calls: number, unreached: number, at: Date | null) =>
    asSystem((tx) => tx.availability.countCalls('test', { calls, unreached, answeredAt: at }))
  await count(3, 3, null)
  await count(5, 2, answeredAt)
  await count(4, 3, new Date(answeredAt.getTime() - 1_000))
  expect(await asSystem((tx) => tx.availability.ownCalls('test', 300_000))).toEqual({
    calls: 12,
    unreached: 8,
    answeredAt,
  })
})

test('what may not go before its original stands in no index of what may go', async () => {
  const { rows } = await fleet.admin.query(
    `select indexname as name, indexdef from pg_indexes where indexname like 'submissions_pending%' order by 1`,
  )
  expect(rows.map(({ name }) => name)).toEqual(['submissions_pending', 'submissions_pending_offline'])
  for (const { name, indexdef } of rows) expect(indexdef, name).toContain('waits_for IS NULL')
})
