import { setInterval as every } from 'node:timers/promises'
import type { DeliveryContext } from './delivery-context.ts'

/** A lease is renewed so often within its life, so that one renewal may fail. */
const RENEWALS = 3

/**
 * Does work that takes longer than a lease may last: the lease is renewed meanwhile, and the signal is aborted once another
 * worker holds it or the process is told to stop. What is written after that is refused by the fence.
 *
 * @param lease.renew false when another worker holds it by now
 */
export async function whileLeased(
  context: Pick<DeliveryContext, 'signal'>,
  lease: { seconds: number; renew: () => Promise<boolean> },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController()
  const done = new AbortController()
  const beating = (async () => {
    const pauseMs = (lease.seconds * 1000) / RENEWALS
    for await (const _ of every(pauseMs, undefined, { signal: done.signal })) {
      // The database is away: the next renewal tells, and the fence guards what is written.
      const mine = await lease.renew().catch(() => true)
      if (!mine) return lost.abort()
    }
  })().catch(() => {}) // aborted: the work is done
  try {
    await work(AbortSignal.any([lost.signal, context.signal]))
  } finally {
    done.abort()
    await beating
  }
}
