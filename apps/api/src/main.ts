/** The API's process: composition, and nothing decided. Resources are released in the reverse of their order. */
import { createHash, randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import {
  auditOfSecret,
  createAuditTrail,
  createIdSource,
  createKsefSecretManager,
  createLogger,
  createSealer,
  openSecretStore,
} from '@ksef-fleet/core'
import { connect, migrate } from '@ksef-fleet/db'
import { UPLOAD_WITHIN_MS } from './body-times.ts'
import { connectBudgetReader } from './budget-reader.ts'
import { readConfig } from './config.ts'
import { createInvoiceInspector } from './invoice-inspection.ts'
import { createPrinter } from './paper-printing.ts'
import { connectQueues } from './queue-connection.ts'
import { buildServer } from './server.ts'
import { connectEventBell } from './streams/event-bell.ts'
import { createEventStreams } from './streams/event-streams.ts'
import { createUploads } from './uploads/uploads.ts'

const INSPECTION_DEADLINE_MS = 5_000
const INSPECTION_PATIENCE_MS = 60_000
const INSPECTIONS_WAITING_MAX = 500
const PRINTING = {
  threads: Math.max(1, Math.min(2, availableParallelism() - 1)),
  waitingMax: 100,
  deadlineMs: 25_000,
}
const FAILED_KEYS_PER_MINUTE_MAX = 30
const STOP_WITHIN_MS = 25_000

const config = readConfig()
const log = createLogger({ service: 'api', level: config.logLevel })

async function run(): Promise<void> {
  await using resources = new AsyncDisposableStack()
  if (config.databaseOwnerUrl !== null) await migrate(config.databaseOwnerUrl)
  const db = resources.adopt(connect(config.database), (database) => database.close())
  await db.check()
  const queues = resources.adopt(connectQueues(config.redisUrl, log), (connected) => connected.close())
  const now = () => new Date()
  const inspector = resources.adopt(openInspector(now), (made) => made.close())
  const printer = resources.adopt(createPrinter(PRINTING), (made) => made.close())
  const sealer = createSealer(config.masterKey.reveal(), randomBytes)
  const store = openSecretStore(config.secretStore, { sealer, randomBytes })
  const trail = resources.adopt(createAuditTrail({ db, now, log }), (kept) => kept.close())
  const secrets = createKsefSecretManager({
    store,
    namePrefix: config.secretNamePrefix,
    db,
    now,
    onAccess: (access) => trail.record(auditOfSecret(access, 'api'), access.companyId),
    onAlarm: ({ credentialId, what }) => log.error({ credentialId, kind: what }, 'secret.alarm'),
  })
  const budget = resources.adopt(connectBudgetReader(config, { now, log }), (reader) => reader.close())
  const bell = resources.adopt(connectEventBell(config.redisUrl, log), (connected) => connected.close())
  const app = await buildServer({
    db,
    secrets,
    trail,
    budget,
    environment: config.environment,
    offlineAutomatic: config.offlineAutomatic,
    now,
    randomBytes,
    newId: createIdSource({ now, randomBytes }),
    inspect: (xml, strictness) => inspector.inspect(xml, strictness),
    inspectData: (json, company, strictness) => inspector.inspectData(json, company, strictness),
    inspectMany: (documents, judgement) => inspector.inspectMany(documents, judgement),
    composeMany: (jsons, of) => inspector.composeMany(jsons, of),
    check: (document, company) => inspector.check(document, company),
    print: (task) => printer.print(task),
    qrBaseUrl: config.qrBaseUrl,
    uploads: await createUploads(config.spoolDirectory, { ...config.batches, withinMs: UPLOAD_WITHIN_MS }),
    cursorKey: createHash('sha256')
      .update('ksef-fleet cursor key')
      .update(config.masterKey.reveal())
      .digest(),
    log,
    sealer,
    destinations: config.destinations,
    streams: createEventStreams(bell, config.streams),
    readiness: { postgres: () => db.check(), redis: () => queues.ping() },
    ops: config.opsPassword === null ? null : { password: config.opsPassword, ...queues },
    failedKeysPerMinuteMax: FAILED_KEYS_PER_MINUTE_MAX,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
  })
  resources.adopt(app, (server) => server.close())
  await inspector.warmUp()
  await app.listen(config.listen)
  log.info({ environment: config.environment, port: config.listen.port }, 'api.ready')
  await stopped()
}

const openInspector = (now: () => Date) =>
  createInvoiceInspector(
    { environment: config.environment, now },
    {
      threads: Math.max(1, Math.min(4, availableParallelism() - 1)),
      waitingMax: INSPECTIONS_WAITING_MAX,
      deadlineMs: INSPECTION_DEADLINE_MS,
      patienceMs: INSPECTION_PATIENCE_MS,
    },
  )

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        log.info({ signal }, 'api.stopping')
        // A connection that never ends must not keep a deployment waiting.
        setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref()
        resolve()
      })
    }
  })
}

try {
  await run()
  log.info({}, 'api.stopped')
} catch (error) {
  log.error({ error }, 'api.failed')
  process.exitCode = 1
}
