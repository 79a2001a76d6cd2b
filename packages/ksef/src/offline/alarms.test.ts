import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ALARM_STAGES, alarmStateAt, alarmsOf } from './alarms.ts'

const at = (time: string): Date => new Date(`2026-07-${time}Z`)
const told = (since: string, until: string): string[] =>
  alarmsOf({ since: at(since), at: at(until) }).map(
    (alarm) => `${alarm.stage} ${alarm.at.toISOString().slice(8, 19)}`,
  )

test('in a long term the alarms come a day, four hours and one hour before its end', () => {
  expect(told('11T10:00', '21T22:00')).toEqual([
    'early 20T22:00:00',
    'near 21T18:00:00',
    'last 21T21:00:00',
    'late 21T22:00:00',
  ])
})

test('in the shortest offline24 term, issued just before midnight, none comes at once', () => {
  expect(told('08T22:00', '09T22:00')).toEqual([
    'early 09T10:00:00',
    'near 09T19:00:00',
    'last 09T21:00:00',
    'late 09T22:00:00',
  ])
})

test('what was late from the start is late, and nothing else comes', () => {
  const term = { since: at('10T08:00'), at: at('09T22:00') }
  expect(alarmStateAt(term, at('10T08:00'))).toEqual({ stage: 'late', next: null })
})

test('the state tells the stage reached and the alarm to wait for', () => {
  const term = { since: at('08T22:00'), at: at('09T22:00') }
  expect(alarmStateAt(term, at('08T23:00'))).toEqual({
    stage: null,
    next: { stage: 'early', at: at('09T10:00') },
  })
  expect(alarmStateAt(term, at('09T10:00')).stage).toBe('early')
  expect(alarmStateAt(term, at('09T21:59'))).toEqual({
    stage: 'last',
    next: { stage: 'late', at: at('09T22:00') },
  })
  expect(alarmStateAt(term, at('09T22:00')).stage).toBe('late')
})

test('every term warns three times within itself, in order, and is late at its end', () => {
  const date = fc.date({ min: new Date('2026-01-01'), max: new Date('2031-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(date, fc.integer({ min: 0, max: 30 * 24 * 3600 * 1000 }), (since, length) => {
      const term = { since, at: new Date(since.getTime() + length) }
      const alarms = alarmsOf(term)
      expect(alarms.map(({ stage }) => stage)).toEqual(ALARM_STAGES)
      expect(alarms.map((alarm) => alarm.at.getTime())).toEqual(
        alarms.map((alarm) => alarm.at.getTime()).toSorted((a, b) => a - b),
      )
      for (const alarm of alarms) expect(alarm.at >= since && alarm.at <= term.at).toBe(true)
      expect(alarms.at(-1)?.at).toEqual(term.at)
    }),
  )
})

test('as time passes the stage never goes back', () => {
  const term = { since: at('08T10:00'), at: at('09T22:00') }
  let last = -1
  for (let minute = 0; minute <= 40 * 60; minute += 7) {
    const { stage } = alarmStateAt(term, new Date(term.since.getTime() + minute * 60_000))
    const reached = stage === null ? -1 : ALARM_STAGES.indexOf(stage)
    expect(reached).toBeGreaterThanOrEqual(last)
    last = reached
  }
  expect(last).toBe(ALARM_STAGES.indexOf('late'))
})
