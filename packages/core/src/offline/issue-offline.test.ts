import { describe, expect, test } from 'vitest'
import { chooseMode, issuedAtOf, ONLINE, reckon } from './issue-offline.ts'

// Wednesday, 10:00 in Warsaw.
const ISSUED = new Date('2026-03-04T09:00:00Z')
const changedAt = new Date('2026-03-01T00:00:00Z')
const invoice = {
  mode: 'offline24',
  issueDate: '2026-03-04',
  issuedAt: ISSUED,
  told: null,
  before: null,
} as const
const at = (iso: string) => new Date(iso)

describe('the mode of an invoice', () => {
  const online = { availability: { state: 'online' }, automatic: true, isTotalFailure: false } as const
  const offline = { ...online, availability: { state: 'offline', mode: 'awaria' } } as const

  test('is the caller’s word, whatever KSeF does', () => {
    for (const ground of [online, offline])
      expect(chooseMode('offline24', ground)).toEqual({ offlineMode: 'offline24', offlineChoice: 'caller' })
  })

  test('is that of KSeF’s availability when nobody says anything, and online on a mere suspicion', () => {
    expect(chooseMode(undefined, offline)).toEqual({ offlineMode: 'awaria', offlineChoice: 'policy' })
    expect(chooseMode(undefined, online)).toBe(ONLINE)
    expect(chooseMode(undefined, { ...online, availability: { state: 'suspect' } })).toBe(ONLINE)
  })

  test('is that of a total failure only where an administrator told of one, and KSeF is out of reach', () => {
    const kept = { offlineMode: 'totalFailure', offlineChoice: 'policy' }
    expect(chooseMode(undefined, { ...offline, isTotalFailure: true })).toEqual(kept)
    expect(chooseMode(undefined, { ...online, isTotalFailure: true })).toBe(ONLINE)
  })

  test('is never chosen where the automatic choice is off', () => {
    expect(chooseMode(undefined, { ...offline, automatic: false })).toBe(ONLINE)
  })
})

describe('a deadline', () => {
  test('comes with its first alarm, and with the state of the outages it was worked out by', () => {
    expect(reckon(invoice, { outages: [], changedAt }, ISSUED)).toEqual({
      deadline: '2026-03-05',
      outagesAt: changedAt,
      // Half of 38 hours before the midnight that ends Thursday.
      alarmAt: at('2026-03-05T04:00:00Z'),
    })
  })

  test('that is near already is told at once, and one that is told waits for the next stage', () => {
    const now = at('2026-03-05T22:30:00Z')
    expect(reckon(invoice, { outages: [], changedAt }, now).alarmAt).toEqual(now)
    const told = { ...invoice, before: '2026-03-05', told: 'last' } as const
    expect(reckon(told, { outages: [], changedAt }, now).alarmAt).toEqual(at('2026-03-05T23:00:00Z'))
  })

  test('is open while a failure lasts, and begins its stages anew when it moves', () => {
    const failure = {
      kind: 'failure',
      announced: at('2026-03-04T12:00:00Z'),
      start: at('2026-03-04T12:00:00Z'),
    } as const
    const lasting = { outages: [{ ...failure, end: null }], changedAt }
    expect(reckon(invoice, lasting, at('2026-03-05T12:00:00Z'))).toMatchObject({
      deadline: null,
      alarmAt: null,
    })
    const over = { outages: [{ ...failure, end: at('2026-03-05T12:00:00Z') }], changedAt }
    const moved = reckon({ ...invoice, before: '2026-03-05', told: 'last' }, over, at('2026-03-05T13:00:00Z'))
    expect(moved).toMatchObject({ deadline: '2026-03-16', alarmAt: at('2026-03-15T23:00:00Z') })
  })

  test('of what a caller says was issued in an outage does not depend on when it was posted', () => {
    const createdAt = at('2026-03-04T14:00:00Z')
    const issued = { offlineMode: 'awaria', offlineChoice: 'caller', createdAt } as const
    const [start, end] = [at('2026-03-04T08:00:00Z'), at('2026-03-04T12:00:00Z')]
    const failure = { kind: 'failure', announced: start, start, end } as const
    const posted = (by: 'caller' | 'policy') => {
      const issuedAt = issuedAtOf({ ...issued, offlineChoice: by })
      return reckon({ ...invoice, mode: 'awaria', issuedAt }, { outages: [failure], changedAt }, createdAt)
    }
    // Seven business days after the failure; chosen by us after it ended, it has nothing to do with it.
    expect([posted('caller').deadline, posted('policy').deadline]).toEqual(['2026-03-13', '2026-03-05'])
  })

  test('is none after a total failure: the duty to send it is gone', () => {
    const outage = { kind: 'totalFailure', announced: ISSUED, start: ISSUED, end: null } as const
    expect(reckon(invoice, { outages: [outage], changedAt }, ISSUED)).toMatchObject({
      deadline: null,
      alarmAt: null,
    })
  })
})
