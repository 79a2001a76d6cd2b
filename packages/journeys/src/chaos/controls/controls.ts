/**
 * Six things known to be wrong, each of which has to fail. A run without findings proves something only when the same
 * checkers find these.
 */

import { type ModelRun, runModel } from '../model/run-model.ts'
import { isClean } from '../model/tally.ts'
import { keptJobsBlock } from './kept-jobs.ts'
import { sessionSettingCrosses } from './session-setting.ts'
import { secretInErrorLeaks } from './telling-errors.ts'
import { DUPLICATE_IS_SUCCESS, NAIVE_RETRY, UNFENCED } from './wrong-decisions.ts'

/** `true`: caught, and the product's own way passes the same check. */
export type Control = { name: string; caught: boolean }

export async function runControls(at: {
  adminUrl: string
  appUrl: string
  redisUrl: string
}): Promise<Control[]> {
  const judged = (decisions: Parameters<typeof runModel>[0]['decisions']): ModelRun['tally'] =>
    runModel({
      seed: 'control',
      faults: { single: 2, double: 2 },
      chosen: 2_000,
      ...(decisions && { decisions }),
    }).tally
  const real = isClean(judged(undefined))
  const naive = judged(NAIVE_RETRY)
  const unfenced = judged(UNFENCED)
  const adopting = judged(DUPLICATE_IS_SUCCESS)
  return [
    { name: 'naive retry', caught: real && naive.falseFailures > 0 && naive.needlessResends > 0 },
    { name: 'company set for the session', caught: await sessionSettingCrosses(at) },
    { name: 'kept jobs under fixed ids', caught: await keptJobsBlock(at.redisUrl) },
    { name: 'writes without a fence', caught: real && unfenced.staleWrites > 0 },
    { name: 'a duplicate taken for success', caught: real && adopting.wrongAdoptions > 0 },
    { name: 'a secret in an error', caught: await secretInErrorLeaks(at.redisUrl) },
  ]
}
