/** The worker's process: its settings, its log and its end. */
import { createLogger } from '@ksef-fleet/core'
import { readConfig } from './config.ts'
import { runWorker } from './run-worker.ts'
import { stopOnSignal } from './stop-on-signal.ts'

const config = readConfig()
const log = createLogger({ service: 'worker', level: config.logLevel })

try {
  await runWorker({ config, log, stop: stopOnSignal(config, log) })
  log.info({}, 'worker.stopped')
} catch (error) {
  log.error({ error }, 'worker.failed')
  process.exitCode = 1
}
