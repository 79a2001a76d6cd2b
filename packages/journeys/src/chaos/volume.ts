import type { ModelOptions } from './model/run-model.ts'
import type { SoakOptions } from './process/soak.ts'
import type { Targets } from './report.ts'

export type Volume = {
  model: Omit<ModelOptions, 'seed'>
  soak: Pick<
    SoakOptions,
    'durationMs' | 'stormMs' | 'companies' | 'workers' | 'invoices' | 'rounds' | 'isHasty'
  >
  targets: Targets
}

/** Of the time, the part in which servers crash. */
const STORM_SHARE = 0.3
/** Some more than are wanted, for those that are given up on. */
const INVOICES_PER_MINUTE = { posted: 378, wanted: 375.4 }
const KILLS_PER_MINUTE = 75
const STRUCK_PER_MINUTE = 5
const ROUND_MINUTES = 0.9

/** Everything in less than a minute of storm, with little of each; what a machine does beside it must not matter. */
const SHORT: Volume = {
  model: { faults: { single: 2, double: 2 }, chosen: 5_000 },
  soak: {
    durationMs: 24_000,
    stormMs: 14_000,
    companies: 4,
    workers: 2,
    invoices: 60,
    rounds: 1,
    isHasty: false,
  },
  targets: { kills: 2, killPoints: 2, invoices: 12, invoicesStruck: 0, drainSecondsMax: 60 },
}

/**
 * What befalls a fleet in so many minutes of posting, on a machine of two cores that does nothing else. The model, the boot
 * and the checks come on top.
 */
export function volumeOf(minutes: number): Volume {
  if (minutes <= 1) return SHORT
  const storm = minutes * STORM_SHARE
  const invoices = Math.round(minutes * INVOICES_PER_MINUTE.posted)
  return {
    model: { faults: { single: 3, double: minutes >= 4 ? 3 : 2 }, chosen: 100_000 },
    soak: {
      durationMs: minutes * 60_000,
      stormMs: storm * 60_000,
      companies: 20,
      workers: 3,
      invoices,
      rounds: Math.max(1, Math.round(storm / ROUND_MINUTES)),
      isHasty: true,
    },
    targets: {
      kills: Math.round(minutes * KILLS_PER_MINUTE),
      killPoints: 20,
      invoices: Math.floor(minutes * INVOICES_PER_MINUTE.wanted),
      invoicesStruck: Math.round(minutes * STRUCK_PER_MINUTE),
      drainSecondsMax: 60,
      killToResumedSendP99MsMax: 5_000,
    },
  }
}
