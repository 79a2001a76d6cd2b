/**
 * A fresh, migrated database of one's own for each test file. The migrated template is built once per cluster and set of
 * migrations; a clone of it takes a fraction of a second.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { MIGRATIONS_FOLDER, migrate } from '../src/migrate.ts'
import { asAdmin, guardDatabase, provisionRoles, urlOf } from '../src/provision-roles.ts'

export type TestDatabase = {
  /** Superuser, on the test's own database. */
  adminUrl: string
  ownerUrl: string
  appUrl: string
  systemUrl: string
  [Symbol.asyncDispose](): Promise<void>
}

/** One set of passwords per cluster: roles are the cluster's, and tests run side by side. */
const PASSWORDS = {
  ownerPassword: 'owner-of-tests',
  appPassword: 'app-of-tests',
  systemPassword: 'system-of-tests',
}
const TEMPLATE_LOCK = 7_234_003
const LOOK_MS = 10
const LEAVING_LOOKS_MAX = 100

/** @throws Error when `FLEET_TEST_POSTGRES_URL` names no administrator's login to a PostgreSQL cluster */
export async function createTestDatabase(): Promise<TestDatabase> {
  const clusterUrl = process.env.FLEET_TEST_POSTGRES_URL
  if (clusterUrl === undefined || clusterUrl === '') throw new Error('FLEET_TEST_POSTGRES_URL is not set')
  const database = `fleet_test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(clusterUrl, async (admin) => {
    const template = await ensureTemplate(admin, clusterUrl)
    await admin.query(`create database ${database} template ${template} owner fleet_owner`)
    await guardDatabase(admin, database)
  })
  const at = (user: string, password: string) => urlOf(clusterUrl, { user, password, database })
  const admin = new URL(clusterUrl)
  return {
    adminUrl: at(decodeURIComponent(admin.username), decodeURIComponent(admin.password)),
    ownerUrl: at('fleet_owner', PASSWORDS.ownerPassword),
    appUrl: at('fleet_app', PASSWORDS.appPassword),
    systemUrl: at('fleet_system', PASSWORDS.systemPassword),
    async [Symbol.asyncDispose]() {
      await asAdmin(clusterUrl, async (client) => {
        await untilLeft(client, database)
        await client.query(`drop database if exists ${database} with (force)`)
      })
    },
  }
}

/**
 * A pool has ended when it has said goodbye, not when the server has heard it; a connection that is cut off in between
 * fails outside of any test. Those that nobody ended are not waited for.
 */
async function untilLeft(admin: pg.Client, database: string): Promise<void> {
  for (let look = 0; look < LEAVING_LOOKS_MAX; look++) {
    const { rowCount } = await admin.query('select from pg_stat_activity where datname = $1', [database])
    if (rowCount === 0) return
    await sleep(LOOK_MS)
  }
}

/** Built under another name and renamed when whole, so that a crash in between leaves no half template to clone. */
async function ensureTemplate(admin: pg.Client, clusterUrl: string): Promise<string> {
  const template = `fleet_template_${await migrationsHash()}`
  await admin.query(`select pg_advisory_lock(${TEMPLATE_LOCK})`)
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [template])
    if (rowCount === 0) {
      const building = `${template}_building`
      await admin.query(`drop database if exists ${building} with (force)`)
      const { ownerUrl } = await provisionRoles(clusterUrl, { database: building, ...PASSWORDS })
      await migrate(ownerUrl)
      await admin.query(`alter database ${building} rename to ${template}`)
    }
  } finally {
    await admin.query(`select pg_advisory_unlock(${TEMPLATE_LOCK})`)
  }
  return template
}

async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql')).sort()
  for (const name of names) hash.update(name).update(await readFile(join(MIGRATIONS_FOLDER, name)))
  return hash.digest('hex').slice(0, 12)
}
