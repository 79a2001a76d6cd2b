import type { Decisions } from './decisions.ts'
import { chosenSchedule, everySchedule } from './schedule.ts'
import { count, isClean, newTally, type Tally } from './tally.ts'
import { newWorld, type Setting } from './world.ts'

const ONE = { number: 'N/1', hash: 'one' }
const TWO = { number: 'N/2', hash: 'two' }
/** The same number, and another document. */
const RIVAL = { number: 'N/1', hash: 'rival' }

/** Faults of the chosen schedules come so often, and so many of them are run again to compare their traces. */
const FAULT_RATE = 0.12
const REPEATED = 50

export type ModelOptions = {
  seed: string
  /** Faults at most in the schedules of one worker and one invoice, and of two and two. */
  faults: { single: number; double: number }
  /** Schedules with any number of faults, chosen by the seed. */
  chosen: number
  decisions?: Decisions
}

export type ModelRun = {
  schedules: number
  seconds: number
  tally: Tally
  clean: boolean
  /** The same seed gave the same traces twice. */
  repeatable: boolean
}

export function runModel(options: ModelOptions): ModelRun {
  const { faults, decisions, seed } = options
  const chosenBy = decisions === undefined ? {} : { decisions }
  const single: Setting = { workers: 1, invoices: [ONE], ...chosenBy }
  const contested: Setting = { ...single, taken: [RIVAL] }
  const double: Setting = { workers: 2, invoices: [ONE, TWO], ...chosenBy }
  const tally = newTally()
  const started = performance.now()
  const visit = (end: Parameters<typeof count>[1]) => count(tally, end)
  let schedules = everySchedule(newWorld(single), faults.single, visit)
  schedules += everySchedule(newWorld(contested), Math.min(faults.single, faults.double), visit)
  schedules += everySchedule(newWorld(double), faults.double, visit)
  chooseSchedules(double, { seed, from: 0, to: options.chosen }, tally)
  const seconds = (performance.now() - started) / 1000
  const repeated = Math.min(REPEATED, options.chosen)
  return {
    schedules: schedules + options.chosen,
    seconds,
    tally,
    clean: isClean(tally),
    repeatable: new Set([1, 2].map(() => traceOf(double, seed, repeated))).size === 1,
  }
}

function chooseSchedules(
  setting: Setting,
  range: { seed: string; from: number; to: number },
  tally: Tally,
): void {
  for (let index = range.from; index < range.to; index++) {
    const world = newWorld(setting)
    chosenSchedule(world, { rate: FAULT_RATE, next: streamOf(`${range.seed} ${index}`) })
    count(tally, world)
  }
}

/** Of the chosen schedules and of every one with a single fault. */
function traceOf(setting: Setting, seed: string, chosen: number): number {
  const tally = newTally()
  chooseSchedules(setting, { seed, from: 0, to: chosen }, tally)
  everySchedule(newWorld(setting), 1, (end) => count(tally, end))
  return tally.trace
}

/** Numbers in [0, 1) that follow from a text: xorshift, seeded by its FNV-1a hash. */
function streamOf(text: string): () => number {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  if (state === 0) state = 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
