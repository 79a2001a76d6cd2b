/** The model of the soak by itself: every schedule of two faults, and the same seed again. */
import { expect, test } from 'vitest'
import { DUPLICATE_IS_SUCCESS, NAIVE_RETRY, UNFENCED } from '../src/chaos/controls/wrong-decisions.ts'
import { runModel } from '../src/chaos/model/run-model.ts'

const SMALL = { faults: { single: 2, double: 2 }, chosen: 1_000 }

test('no schedule of two faults loses an invoice, sends it needlessly or takes another for it', () => {
  const run = runModel({ ...SMALL, seed: 'journey' })
  expect(run.tally).toMatchObject({
    lost: 0,
    falseFailures: 0,
    wrongAdoptions: 0,
    doubles: 0,
    needlessResends: 0,
    staleWrites: 0,
  })
  expect(run.schedules).toBeGreaterThan(15_000)
})

test('one seed takes the same way twice, and another seed another', () => {
  const traces = ['a', 'a', 'b'].map((seed) => runModel({ ...SMALL, seed }).tally.trace)
  expect(traces[0]).toBe(traces[1])
  expect(traces[0]).not.toBe(traces[2])
})

test('decisions known to be wrong are caught', () => {
  const tallyOf = (decisions: typeof NAIVE_RETRY) => runModel({ ...SMALL, seed: 'journey', decisions }).tally
  const naive = tallyOf(NAIVE_RETRY)
  expect(Math.min(naive.falseFailures, naive.needlessResends)).toBeGreaterThan(0)
  expect(tallyOf(UNFENCED).staleWrites).toBeGreaterThan(0)
  expect(tallyOf(DUPLICATE_IS_SUCCESS).wrongAdoptions).toBeGreaterThan(0)
})
