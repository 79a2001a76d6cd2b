/**
 * A worker that dies: the real one, composed as its own process composes it, with a reaper in its two doors. It loads
 * everything, waits for its fate, and then begins; it ends with whoever started it.
 */
import { createLogger } from '@ksef-fleet/core'
import { readConfig } from '@ksef-fleet/worker/config'
import { runWorker } from '@ksef-fleet/worker/run-worker'
import { stopOnSignal } from '@ksef-fleet/worker/stop-on-signal'
import { createReaper, type Order, type Told } from './fate.ts'
import { mortalDatabase, mortalTransport } from './moments.ts'

const tell = (told: Told): void => void process.send?.(told)
const deathsFile = process.env.CHAOS_DEATHS ?? ''

process.on('disconnect', () => process.exit(1))

const begun = Promise.withResolvers<ReturnType<typeof createReaper>>()
let reaping: ReturnType<typeof createReaper> | undefined
// One ear for all: what is ordered right behind the beginning must not be missed.
process.on('message', (order: Order) => {
  if ('begin' in order) {
    reaping = createReaper({ fate: order.begin, file: deathsFile, tell })
    begun.resolve(reaping)
  } else if ('calm' in order) reaping?.calm()
  else if ('tellAgain' in order) reaping?.tellAgain()
  else reaping?.freezeAt(order.freezeAt, order.until)
})
void live()

async function live(): Promise<void> {
  const reaper = await begun.promise
  const config = readConfig()
  const log = createLogger({ service: 'worker', level: config.logLevel })
  try {
    const stop = stopOnSignal(config, log)
    await runWorker(
      { config, log, stop },
      {
        database: (db) => mortalDatabase(db, reaper),
        transport: (http) => mortalTransport(http, (moment) => reaper.passing(moment)),
      },
    )
    log.info({}, 'worker.stopped')
    process.exit(0)
  } catch (error) {
    log.error({ error }, 'worker.failed')
    process.exit(1)
  }
}
