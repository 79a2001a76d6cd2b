/** The API alone, a process of its own that can be killed and started again, over a database that stays. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKey, createIdSource } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { createTestDatabase } from '@ksef-fleet/db/test-database'
import { freePort } from '@ksef-fleet/infra/free-port'
import pg from 'pg'
import { type ApiClient, apiClient, type CompanyView } from '../../src/fleet/api-client.ts'
import { type FleetProcess, startProcess } from '../../src/fleet/fleet-process.ts'

export type RunningApi = { api: ApiClient; process: FleetProcess; url: string }

export async function apiOverDatabase() {
  const resources = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'ksef-fleet-batches-'))
  resources.defer(() => rmSync(directory, { recursive: true, force: true }))
  const database = resources.use(await createTestDatabase())
  const admin = resources.adopt(new pg.Pool({ connectionString: database.adminUrl, max: 2 }), (pool) =>
    pool.end(),
  )
  const spool = join(directory, 'spool')
  const env = {
    DATABASE_APP_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    REDIS_URL: process.env.FLEET_TEST_REDIS_URL ?? '',
    KSEF_ENVIRONMENT: 'test',
    MASTER_KEY: randomBytes(32).toString('base64'),
    SECRET_STORE: 'local',
    SECRET_STORE_DIRECTORY: join(directory, 'secrets'),
    SPOOL_DIRECTORY: spool,
  }
  const db = resources.adopt(connect(database), (connected) => connected.close())
  const now = () => new Date()
  const newId = createIdSource({ now, randomBytes })
  const { key } = await createApiKey(
    { db, now, randomBytes, newId },
    { companyId: null, role: 'administrator', name: 'batches', actor: 'story' },
  )
  let living: FleetProcess | undefined
  resources.defer(async () => living?.stop())
  return {
    spool,
    key,
    query: async (text: string) => (await admin.query(text)).rows as Record<string, unknown>[],
    async start(): Promise<RunningApi> {
      const port = await freePort()
      const url = `http://127.0.0.1:${port}`
      const started = await startProcess({
        name: `api-${port}`,
        entry: 'apps/api/src/main.ts',
        env: { ...env, PORT: String(port) },
        readyUrl: `${url}/readyz`,
        directory: join(directory, 'logs'),
      })
      living = started
      return { api: apiClient(url, key), process: started, url }
    },
    /** A company that may hand over invoices; nobody sends them. */
    async company({ api }: RunningApi, nip: string): Promise<string> {
      const { body } = await api.post<CompanyView>('/v1/companies', { nip, name: `Batches ${nip}` })
      const credential = { type: 'token', token: `20261122-EC-0000000000-0000000000-11|nip-${nip}|secret` }
      const connected = await api.post(`/v1/companies/${body.id}/integrations`, { credential })
      if (connected.status !== 202) throw new Error(`not connected: ${JSON.stringify(connected.body)}`)
      return body.id
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
