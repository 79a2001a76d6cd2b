import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LighthouseStatus } from '../api/lighthouse.ts'
import {
  type Availability,
  OWN_CALLS_MIN,
  offlinePolicy,
  PROBE_AGE_MAX_MS,
  type Probe,
  type Sightings,
  speaksOfOutage,
} from './policy.ts'

const NOW = new Date('2026-07-08T10:00:00Z')
const ago = (seconds: number, reached: boolean): Probe => ({
  at: new Date(NOW.getTime() - seconds * 1000),
  reached,
})
const FAILED = [ago(70, false), ago(10, false)]
const GOOD = [ago(130, true), ago(70, true), ago(10, true)]
const ONLINE: Availability = { state: 'online' }
const SUSPECT: Availability = { state: 'suspect' }
const OFFLINE: Availability = { state: 'offline', mode: 'offline24' }

const seen = (sightings: Partial<Sightings>): Availability =>
  offlinePolicy({
    before: ONLINE,
    ownCalls: { calls: 20, unreached: 0, answeredAt: NOW },
    probes: [],
    lighthouse: null,
    now: NOW,
    ...sightings,
  })
const before = (seconds: number) => new Date(NOW.getTime() - seconds * 1000)
const FAILING = { calls: 20, unreached: 18, answeredAt: before(90) }

test('our own failing calls only raise a suspicion; probes that agree make it certain', () => {
  expect(seen({ ownCalls: FAILING, probes: FAILED })).toEqual(SUSPECT)
  expect(seen({ before: SUSPECT, ownCalls: FAILING })).toEqual(SUSPECT)
  expect(seen({ before: SUSPECT, ownCalls: FAILING, probes: [ago(10, false)] })).toEqual(SUSPECT)
  expect(seen({ before: SUSPECT, ownCalls: FAILING, probes: FAILED })).toEqual(OFFLINE)
})

test('a probe that reaches KSeF contradicts: the fault is ours, and nothing is issued offline', () => {
  expect(seen({ before: SUSPECT, ownCalls: FAILING, probes: [ago(70, false), ago(10, true)] })).toEqual(
    SUSPECT,
  )
  expect(seen({ before: SUSPECT, ownCalls: FAILING, probes: [ago(70, true), ago(10, false)] })).toEqual(
    SUSPECT,
  )
})

test('failing probes without failing calls are no outage', () => {
  expect(seen({ before: SUSPECT, probes: FAILED })).toEqual(ONLINE)
})

test('a call that was answered since the first of the failed probes contradicts: one way out is broken', () => {
  const answered = (seconds: number | null) =>
    seen({
      before: SUSPECT,
      ownCalls: { ...FAILING, answeredAt: seconds === null ? null : before(seconds) },
      probes: FAILED,
    })
  expect([answered(5), answered(40), answered(70)]).toEqual([SUSPECT, SUSPECT, SUSPECT])
  expect([answered(71), answered(null)]).toEqual([OFFLINE, OFFLINE])
})

test('a handful of failures proves nothing', () => {
  expect(seen({ ownCalls: { ...FAILING, calls: OWN_CALLS_MIN - 1, unreached: OWN_CALLS_MIN - 1 } })).toEqual(
    ONLINE,
  )
  expect(seen({ ownCalls: { ...FAILING, calls: 10, unreached: 5 } })).toEqual(ONLINE)
})

test('probes of long ago count for nothing, neither way', () => {
  const old = (probes: readonly Probe[]): Probe[] =>
    probes.map(({ at, reached }) => ({ at: new Date(at.getTime() - PROBE_AGE_MAX_MS), reached }))
  expect(seen({ before: SUSPECT, ownCalls: FAILING, probes: old(FAILED) })).toEqual(SUSPECT)
  expect(seen({ before: OFFLINE, probes: old(GOOD) })).toEqual(OFFLINE)
})

test.each([
  [null, 'offline24'],
  ['AVAILABLE', 'offline24'],
  ['MAINTENANCE', 'offline'],
  ['FAILURE', 'awaria'],
  // Never `totalFailure`: the lighthouse alone keeps no invoice from KSeF.
  ['TOTAL_FAILURE', 'awaria'],
] as const)('once KSeF is out of reach, a lighthouse that says %s makes it %s', (lighthouse, mode) => {
  const offline = { state: 'offline', mode }
  expect(seen({ before: SUSPECT, ownCalls: FAILING, probes: FAILED, lighthouse })).toEqual(offline)
  expect(seen({ before: OFFLINE, lighthouse })).toEqual(offline)
})

test('one probe that succeeds does not bring it back, three in a row do, and a failing one starts the count anew', () => {
  expect(seen({ before: OFFLINE, probes: [...FAILED, ago(1, true)] })).toEqual(OFFLINE)
  expect(seen({ before: OFFLINE, probes: [ago(130, true), ago(70, false), ago(10, true)] })).toEqual(OFFLINE)
  expect(seen({ before: OFFLINE, probes: GOOD })).toEqual(ONLINE)
})

test('KSeF that is reached is online, whatever the lighthouse still says', () => {
  expect(seen({ before: OFFLINE, probes: GOOD, lighthouse: 'FAILURE' })).toEqual(ONLINE)
})

const lighthouse = fc.constantFrom<LighthouseStatus | null>(
  null,
  'AVAILABLE',
  'MAINTENANCE',
  'FAILURE',
  'TOTAL_FAILURE',
)
const probes = fc.array(
  fc
    .record({ seconds: fc.integer({ min: 0, max: 600 }), reached: fc.boolean() })
    .map((one) => ago(one.seconds, one.reached)),
  { maxLength: 8 },
)
const ownCalls = fc
  .record({
    calls: fc.nat(50),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    answeredAt: fc.option(fc.integer({ min: 0, max: 300 }).map(before)),
  })
  .map(({ calls, share, answeredAt }) => ({ calls, unreached: Math.floor(calls * share), answeredAt }))
const sightings = fc.record({
  before: fc.constantFrom(ONLINE, SUSPECT, OFFLINE),
  ownCalls,
  probes,
  lighthouse,
})

test('the lighthouse decides nothing but the mode', () => {
  fc.assert(
    fc.property(sightings, lighthouse, (some, other) => {
      expect(seen({ ...some, lighthouse: other }).state).toBe(seen(some).state)
    }),
  )
})

test('nothing goes offline without calls and a probe that both failed, and nothing in one step', () => {
  fc.assert(
    fc.property(sightings, (some) => {
      if (seen(some).state !== 'offline' || some.before.state === 'offline') return
      expect(some.before.state).toBe('suspect')
      expect(some.ownCalls.unreached).toBeGreaterThan(some.ownCalls.calls / 2)
      expect(some.probes.filter(({ reached }) => !reached).length).toBeGreaterThanOrEqual(2)
    }),
  )
})

test('refusals and limits are answers: they are no outage', () => {
  expect((['connection', 'no-answer', 'server'] as const).every(speaksOfOutage)).toBe(true)
  const answers = [
    'held-back',
    'refused',
    'unauthorized',
    'forbidden',
    'gone',
    'rate-limited',
    'unreadable',
    'status',
  ] as const
  expect(answers.some(speaksOfOutage)).toBe(false)
})
