import path from 'node:path'
import { parseArgs } from 'node:util'
import { describeOperations } from './inventory/list.ts'
import { startSimulator } from './start.ts'

/**
 * The simulator alone: `node src/main.ts --port 8080 --host 0.0.0.0 --processing-delay-ms 200`.
 * `--data DIR` remembers everything in that folder; `--seed TEXT` makes its numbers the same in every run;
 * `--limits production` counts requests by the published table; `--contract-file` names the official OpenAPI file to
 * hold every answer to. Prints its base URL once it listens; SIGINT or SIGTERM ends it with 0.
 * `--list` only prints every operation, whether it is implemented and exercised, and all deviations.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    'processing-delay-ms': { type: 'string', default: '50' },
    'contract-file': { type: 'string' },
    data: { type: 'string' },
    list: { type: 'boolean', default: false },
    seed: { type: 'string' },
    limits: { type: 'string', default: 'off' },
  },
})

/** Where the tests note what they exercised. */
const EXERCISED = path.resolve(import.meta.dirname, '../../../.fleet/exercised')

function wholeNumber(option: 'port' | 'processing-delay-ms'): number {
  const value = Number(values[option])
  if (Number.isInteger(value) && value >= 0) return value
  console.error(`--${option} must be a whole number, not "${values[option]}"`)
  process.exit(2)
}

if (values.list) {
  console.log(await describeOperations(EXERCISED))
  process.exit(0)
}
const { limits } = values
if (limits !== 'off' && limits !== 'production') {
  console.error(`--limits must be off or production, not "${limits}"`)
  process.exit(2)
}
const port = wholeNumber('port')
const { host } = values
try {
  const { data, seed, 'contract-file': contractFile } = values
  const simulator = await startSimulator({
    port,
    host,
    limits,
    processingDelayMs: wholeNumber('processing-delay-ms'),
    ...(contractFile === undefined ? {} : { contractFile }),
    ...(data === undefined ? {} : { dataDirectory: data }),
    ...(seed === undefined ? {} : { seed }),
  })
  console.log(`KSeF simulator listening on ${simulator.url}`)
  const stop = () => void simulator.close().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  console.error(
    busy ? `Port ${port} on ${host} is taken by another program; choose another with --port` : error,
  )
  process.exitCode = 1
}
