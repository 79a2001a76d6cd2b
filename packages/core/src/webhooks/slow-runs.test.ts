import { describe, expect, test } from 'vitest'
import { WebhookId } from '../identifiers.ts'
import { createSlowRuns, type SlowRuns } from './slow-runs.ts'

const id = (number: number) => WebhookId.parse(`018f0000-0000-7000-8000-${String(number).padStart(12, '0')}`)
const HUNG = { durationMs: 15_000, arrived: false }
const LATE = { durationMs: 14_000, arrived: true }
const QUICK = { durationMs: 50, arrived: true }
const REFUSED = { durationMs: 50, arrived: false }

/** One run with these attempts. */
function ran(runs: SlowRuns, number: number, ...attempts: (typeof HUNG)[]): void {
  const run = runs.begin(id(number))
  for (const attempt of attempts) run?.note(attempt)
  run?.end()
}

describe('a run', () => {
  test('goes on while its receiver is quick, also when it refuses', () => {
    const run = createSlowRuns(1).begin(id(1))
    for (const attempt of [QUICK, REFUSED, QUICK]) run?.note(attempt)
    expect(run?.isOver()).toBe(false)
  })

  test('is over once its receiver hangs, though there is room', () => {
    const run = createSlowRuns(9).begin(id(1))
    run?.note(HUNG)
    expect(run?.isOver()).toBe(true)
  })

  test('goes on where events arrive late only as long as there is room for slow ones', () => {
    const runs = createSlowRuns(1)
    const [first, second] = [runs.begin(id(1)), runs.begin(id(2))]
    for (const run of [first, second]) run?.note(LATE)
    expect([first?.isOver(), second?.isOver()]).toEqual([false, true])
  })
})

describe('receivers that are known to be slow', () => {
  test('have as many runs as there is room for, and whoever ends makes room', () => {
    const runs = createSlowRuns(2)
    for (const number of [1, 2, 3]) ran(runs, number, HUNG)
    const begun = [1, 2, 3].map((number) => runs.begin(id(number)))
    expect(begun.map((run) => run !== null)).toEqual([true, true, false])
    begun[0]?.end()
    expect(runs.begin(id(3))).not.toBeNull()
  })

  test('leave quick ones alone', () => {
    const runs = createSlowRuns(1)
    ran(runs, 1, HUNG)
    runs.begin(id(1))
    expect(runs.begin(id(2))).not.toBeNull()
  })

  test('have one run each', () => {
    const runs = createSlowRuns(9)
    ran(runs, 1, LATE)
    const run = runs.begin(id(1))
    expect(runs.begin(id(1))).toBeNull()
    run?.end()
    expect(runs.begin(id(1))).not.toBeNull()
  })

  test.each([
    ['an event has arrived quickly', [QUICK], true],
    ['they refuse quickly', [REFUSED], false],
    ['nothing was due', [], false],
  ])('are quick again when %s: %#', (_, attempts, isQuick) => {
    const runs = createSlowRuns(1)
    ran(runs, 1, HUNG)
    ran(runs, 1, ...attempts)
    ran(runs, 2, HUNG)
    runs.begin(id(2))
    expect(runs.begin(id(1)) !== null).toBe(isQuick)
  })
})

test('a run that counts as slow for another reason takes the place of a slow one', () => {
  const runs = createSlowRuns(1)
  expect(runs.begin(id(1))?.takePlace()).toBe(true)
  expect(runs.begin(id(2))?.takePlace()).toBe(false)
})

test('a place is taken and given back by the run that took it, not by another one at its receiver', () => {
  const runs = createSlowRuns(1)
  const [one, beside] = [runs.begin(id(1)), runs.begin(id(1))]
  for (const run of [one, beside]) run?.note(LATE)
  expect([one?.isOver(), beside?.isOver()]).toEqual([false, true])
  beside?.end()
  expect(runs.begin(id(1))).toBeNull()
  one?.end()
  expect(runs.begin(id(1))).not.toBeNull()
})
