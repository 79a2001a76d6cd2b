import type { CompanyId, Ring } from '@ksef-fleet/core'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { forgetCompanies, insertCompany, insertSubmission, openFleet } from './fleet.ts'

const fleet = await openFleet()
const { db, admin } = fleet
afterAll(() => fleet[Symbol.asyncDispose]())
beforeEach(() => forgetCompanies(fleet))

describe('the outbox', () => {
  const ring = (key: string): Ring => ({ job: 'send-pending', key, payload: { companyId: key } })
  const add = (companyId: CompanyId, ...keys: string[]) =>
    db.withCompany(companyId, async (tx) => {
      for (const key of keys) await tx.outbox.add(ring(key))
    })
  const take = (limit: number) => db.asSystem('relay-outbox', (tx) => tx.outbox.take(limit))

  test('gives rings oldest first, those with one key once, and each only once', async () => {
    const { id } = await insertCompany(fleet)
    await add(id, 'a', 'b', 'a', 'a', 'c', 'd')
    expect(await take(3)).toEqual([ring('a'), ring('b'), ring('c')])
    expect(await take(3)).toEqual([ring('d')])
    expect(await take(3)).toEqual([])
  })

  test('a crowd of one company does not use up the limit', async () => {
    const { id } = await insertCompany(fleet)
    await add(id, ...Array.from({ length: 100 }, () => 'crowd'), 'b')
    expect(await take(5)).toEqual([ring('crowd'), ring('b')])
  })

  test('gets its rings back when the transaction that took them fails', async () => {
    const { id } = await insertCompany(fleet)
    await add(id, 'a')
    const failing = db.asSystem('relay-outbox', async (tx) => {
      expect(await tx.outbox.take(10)).toHaveLength(1)
      throw new Error('Redis is away')
    })
    await expect(failing).rejects.toThrow('Redis is away')
    expect(await take(10)).toEqual([ring('a')])
  })

  test('a wish that did not commit is no wish', async () => {
    const { id } = await insertCompany(fleet)
    const failing = db.withCompany(id, async (tx) => {
      await tx.outbox.add(ring('a'))
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await take(10)).toEqual([])
  })

  test('an accept neither waits for a relay that holds the same key, nor is its wish lost to it', async () => {
    const { id } = await insertCompany(fleet)
    await add(id, 'a')
    await db.asSystem('relay-outbox', async (tx) => {
      expect(await tx.outbox.take(10)).toHaveLength(1)
      await add(id, 'a')
    })
    expect(await take(10)).toEqual([ring('a')])
  })

  test('four relays share the rings', async () => {
    const { id } = await insertCompany(fleet)
    const keys = Array.from({ length: 40 }, (_, at) => `key-${at}`)
    await add(id, ...keys)
    const taken = await Promise.all([take(10), take(10), take(10), take(10)])
    const rest = await take(100)
    expect([...taken.flat(), ...rest].map(({ key }) => key).toSorted()).toEqual(keys.toSorted())
  })

  test('and the submissions are measured', async () => {
    const company = await insertCompany(fleet)
    await insertSubmission(fleet, company)
    await add(company.id, 'a', 'b')
    await admin.query(`update outbox set created_at = clock_timestamp() - interval '90 seconds'`)
    const measured = await db.asSystem('measure', (tx) => tx.measure())
    expect(measured).toMatchObject({ submissions: { pending: 1 }, outbox: { waiting: 2 } })
    expect(Math.floor(measured.outbox.oldestSeconds / 10)).toBe(9)
  })
})
