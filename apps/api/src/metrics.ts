/**
 * `/metrics` for Prometheus: how long requests take, how many submissions stand in which state, how old the oldest wish
 * in the outbox is. Labels hold route patterns and states, never a company, an id or a NIP.
 */
import { type AuditTrail, type CoreDependencies, SUBMISSION_STATES } from '@ksef-fleet/core'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** However often the page is scraped, the database is asked this often at most. */
const MEASURE_EVERY_MS = 5_000

type Deps = Pick<CoreDependencies, 'db' | 'now'> & { log: FastifyBaseLogger; trail: AuditTrail }

/** Observes every request of the instance and serves the page. */
export function serveMetrics(app: FastifyInstance, deps: Deps): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  observeRequests(app, registry)
  new Gauge({
    name: 'ksef_fleet_audit_waiting',
    help: 'Entries of the audit log that this process has not written yet.',
    registers: [registry],
    collect() {
      this.set(deps.trail.waiting())
    },
  })
  const measure = fleetGauges(deps, registry)
  app.get('/metrics', { schema: { hide: true } }, async (_, reply) => {
    await measure()
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

function observeRequests(app: FastifyInstance, registry: Registry): void {
  const durations = new Histogram({
    name: 'ksef_fleet_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS_SECONDS,
    registers: [registry],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000)
  })
}

/** Gauges over all companies; a database that cannot be reached shows as such and hides no other figure. */
function fleetGauges(deps: Deps, registry: Registry): () => Promise<void> {
  const registers = [registry]
  const gauge = (name: string, help: string) => new Gauge({ name: `ksef_fleet_${name}`, help, registers })
  const submissions = new Gauge({
    name: 'ksef_fleet_submissions',
    help: 'Submissions by state.',
    labelNames: ['state'],
    registers,
  })
  const waiting = gauge('outbox_waiting', 'Wishes waiting in the outbox.')
  const oldest = gauge('outbox_oldest_seconds', 'Age of the oldest wish in the outbox.')
  const unplaced = gauge('events_unplaced', 'Events that are written and have no place in the log yet.')
  const webhooks = {
    due: gauge('webhook_deliveries_due', 'Events that are due at webhooks and have not arrived yet.'),
    oldest: gauge('webhook_deliveries_oldest_seconds', 'For how long the oldest of them has been due.'),
    disabled: gauge('webhooks_disabled', 'Webhooks that the fleet disabled.'),
  }
  const syncs = new Gauge({
    name: 'ksef_fleet_syncs',
    help: 'Syncs of received invoices that are late, fail, or are held.',
    labelNames: ['state'],
    registers,
  })
  const behind = gauge('sync_behind_seconds', 'How far the last of the syncs that go on is behind.')
  const missing = gauge('documents_missing', 'Documents that KSeF lists and did not give.')
  const offline = new Gauge({
    name: 'ksef_fleet_offline_invoices',
    help: 'Invoices issued offline that KSeF has not registered: all with a deadline, those due today, those late.',
    labelNames: ['state'],
    registers,
  })
  const up = gauge('measured', '1 when the figures could be read, else 0.')

  const measure = async (): Promise<void> => {
    try {
      const measured = await deps.db.asSystem('measure', (tx) => tx.measure())
      for (const state of SUBMISSION_STATES) submissions.set({ state }, measured.submissions[state] ?? 0)
      waiting.set(measured.outbox.waiting)
      oldest.set(measured.outbox.oldestSeconds)
      const { late, failing, held } = measured.inbox
      for (const [state, count] of Object.entries({ late, failing, held })) syncs.set({ state }, count)
      behind.set(measured.inbox.oldestSeconds)
      missing.set(measured.inbox.missing)
      webhooks.due.set(measured.webhooks.due)
      webhooks.oldest.set(measured.webhooks.oldestSeconds)
      webhooks.disabled.set(measured.webhooks.disabled)
      unplaced.set(measured.unplacedEvents)
      for (const [state, count] of Object.entries(measured.offline)) offline.set({ state }, count)
      up.set(1)
    } catch (error) {
      up.set(0)
      deps.log.warn({ error }, 'metrics.unmeasured')
    }
  }
  let measuredAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> = Promise.resolve()
  return () => {
    const now = deps.now().getTime()
    if (now - measuredAt >= MEASURE_EVERY_MS) {
      measuredAt = now
      running = measure()
    }
    return running
  }
}
