import { type AvailabilityWatch, type Log, watchAvailability } from '@ksef-fleet/core'
import {
  createLighthouseClient,
  type KsefClient,
  type LighthouseClient,
  speaksOfOutage,
} from '@ksef-fleet/ksef'
import { type Loop, startLoop } from './loop.ts'

/** A probe: the list of public keys, which needs no sign-in. Whatever is answered was answered. */
export async function probeKsef({ publicKeys }: Pick<KsefClient, 'publicKeys'>): Promise<boolean> {
  const asked = await publicKeys.refetch()
  return asked.ok || !speaksOfOutage(asked.failure.kind)
}

const TIMEOUT_MS = 5_000

/** null: this environment's lighthouse is not worth asking. */
export const openLighthouse = (baseUrl: string | null): LighthouseClient | null =>
  baseUrl === null ? null : createLighthouseClient({ baseUrl, timeouts: { totalMs: TIMEOUT_MS } })

/** Adds this worker's calls to the fleet's and, where a look is due, looks whether KSeF can be reached. */
export const startAvailabilityWatch = (watch: AvailabilityWatch & { log: Log; pauseMs: number }): Loop =>
  startLoop({
    name: 'availability',
    pauseMs: watch.pauseMs,
    // Until then there are no calls to tell of.
    firstInMs: watch.pauseMs,
    log: watch.log,
    step: async () => {
      await watchAvailability(watch)
      return false
    },
  })
