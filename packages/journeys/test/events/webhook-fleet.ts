/** What the stories of webhooks stand on: a real PostgreSQL, workers whose turns a story decides, and a receiver. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Company,
  createCompany,
  createWebhook,
  type FleetEvent,
  Nip,
  placeEvents,
  type Webhook,
} from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import pg from 'pg'
import { type DeliveryWorker, startWorker } from '../delivery/delivery-worker.ts'
import type { Receiver } from './receiver.ts'

/** Loopback is open, and waits are so short that a story need not move the clock. */
export const OPEN = {
  WEBHOOK_NETWORKS: '127.0.0.0/8',
  WEBHOOK_HTTP: 'true',
  WEBHOOK_TIMEOUT_SECONDS: '5',
  WEBHOOK_RETRY_SECONDS: '3600,3600',
}

let nips = 5_260_000_000

export type WebhookFleet = Awaited<ReturnType<typeof startWebhookFleet>>

export async function startWebhookFleet() {
  const database = await createTestDatabase()
  const db = connect({ ...database, poolSize: 16 })
  const admin = new pg.Pool({ connectionString: database.adminUrl, max: 4 })
  const directory = mkdtempSync(join(tmpdir(), 'webhooks-'))
  const base = {
    database,
    db,
    admin,
    masterKey: randomBytes(32),
    directory,
    ksefUrl: 'http://127.0.0.1:1/v2',
  }
  const workers: DeliveryWorker[] = []
  const worker = (options: Parameters<typeof startWorker>[1] = {}): DeliveryWorker => {
    const started = startWorker(base, { ...options, settings: { ...OPEN, ...options.settings } })
    workers.push(started)
    return started
  }
  const clerk = worker()
  const deps = { ...clerk.context, destinations: { http: true, networks: ['127.0.0.0/8'] } }
  return {
    ...base,
    deps,
    clerk,
    worker,
    company: (): Promise<Company> =>
      createCompany(deps, { nip: Nip.parse(String(++nips)), name: 'Firma', actor: 'story' }),
    async webhook(
      owner: Company | null,
      receiver: Receiver,
      set: Partial<Pick<Webhook, 'url' | 'ordered' | 'types'>> = {},
    ): Promise<Webhook> {
      const given = { url: receiver.url, name: 'story', types: null, ordered: false, ...set }
      const made = await createWebhook(deps, { owner: owner?.id ?? null, ...given, actor: 'story' })
      receiver.secrets.push(made.secret)
      return made.webhook
    },
    /** Events of a company, with their places. */
    async tell(company: Company, count: number): Promise<void> {
      const events = Array.from({ length: count }, (): FleetEvent => {
        const subject = randomUUID()
        return { type: 'integration.revoked', subject, key: subject, data: { held: 0 } }
      })
      await db.withCompany(company.id, (tx) => tx.events.addAll(events))
      await placeEvents(db)
    },
    run: (by: DeliveryWorker, { companyId, id }: Webhook): Promise<void> =>
      by.run('deliver-webhooks', { companyId: companyId ?? '', webhookId: id }),
    /** As if the time had come for whatever waits, and whoever held it were dead. */
    async later(webhook: Webhook): Promise<void> {
      await admin.query(
        `update webhook_deliveries set next_attempt_at = now(), lease_until = null
          where endpoint_id = $1 and state = 'pending'`,
        [webhook.id],
      )
    },
    async deliveries({ id }: Webhook) {
      const { rows } = await admin.query<{
        state: string
        attempts: number
        status: number | null
        code: string | null
      }>(
        'select state, attempts, status, code from webhook_deliveries where endpoint_id = $1 order by position',
        [id],
      )
      return rows
    },
    async close(): Promise<void> {
      await Promise.all(workers.map((one) => one.close()))
      await Promise.all([db.close(), admin.end()])
      await database[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
