/** A worker with its queues and loops, in this process. */
import { createLogger } from '@ksef-fleet/core'
import { readConfig } from '@ksef-fleet/worker/config'
import { runWorker } from '@ksef-fleet/worker/run-worker'
import { OPEN, type WebhookFleet } from './webhook-fleet.ts'

export function startWholeWorker(
  fleet: WebhookFleet,
  settings: NodeJS.ProcessEnv = {},
): { stop(): Promise<void> } {
  const stop = new AbortController()
  const config = readConfig({
    DATABASE_APP_URL: fleet.database.appUrl,
    DATABASE_SYSTEM_URL: fleet.database.systemUrl,
    REDIS_URL: process.env.FLEET_TEST_REDIS_URL,
    KSEF_ENVIRONMENT: 'test',
    KSEF_BASE_URL: fleet.ksefUrl,
    MASTER_KEY: fleet.masterKey.toString('base64'),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: fleet.directory,
    HEALTH_PORT: '0',
    ...OPEN,
    ...settings,
  })
  const log = createLogger({ service: 'journey', level: 'silent' })
  const running = runWorker({ config, log, stop: stop.signal })
  return {
    async stop() {
      stop.abort()
      await running
    },
  }
}
