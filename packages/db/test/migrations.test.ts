import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { MIGRATIONS_FOLDER, migrate } from '../src/migrate.ts'
import { asAdmin, provisionRoles, urlOf } from '../src/provision-roles.ts'
import * as tables from '../src/tables.ts'
import { createTestDatabase } from './test-database.ts'

const database = await createTestDatabase()
const admin = new pg.Client({ connectionString: database.adminUrl })
await admin.connect()
afterAll(async () => {
  await admin.end()
  await database[Symbol.asyncDispose]()
})

const PASSWORDS = {
  ownerPassword: 'owner-of-tests',
  appPassword: 'app-of-tests',
  systemPassword: 'system-of-tests',
}
const freshName = () => `fleet_test_${randomUUID().replaceAll('-', '')}`
const drop = (name: string) => admin.query(`drop database if exists ${name} with (force)`)

test('tables.ts and the migrations say the same', async () => {
  const journal = JSON.parse(await readFile(join(MIGRATIONS_FOLDER, 'meta/_journal.json'), 'utf8'))
  const last = String(journal.entries.at(-1).idx).padStart(4, '0')
  const recorded = JSON.parse(await readFile(join(MIGRATIONS_FOLDER, `meta/${last}_snapshot.json`), 'utf8'))
  expect(await generateMigration(recorded, generateDrizzleJson(tables, recorded.id))).toEqual([])
})

test('the comparison does notice a missing table', async () => {
  const { outbox, ...others } = tables
  expect(await generateMigration(generateDrizzleJson(others), generateDrizzleJson(tables))).not.toEqual([])
})

test('provisioning and migrating four at once, and again, is harmless', async () => {
  const name = freshName()
  const once = async () => {
    const urls = await provisionRoles(database.adminUrl, { database: name, ...PASSWORDS })
    await migrate(urls.ownerUrl)
    return urls
  }
  const [urls] = await Promise.all([once(), once(), once(), once()])
  await once()
  const db = connect(urls)
  await db.check()
  await db.close()
  await drop(name)
})

test('an administrator who is no superuser can provision', async () => {
  const name = freshName()
  const role = `provisioner_${name.slice(11, 19)}`
  await admin.query(`create role ${role} login createdb createrole password 'provisioner'`)
  for (const fleetRole of ['fleet_owner', 'fleet_app', 'fleet_system']) {
    await admin.query(`grant ${fleetRole} to ${role} with admin option`)
  }
  const limited = urlOf(database.adminUrl, { user: role, password: 'provisioner', database: 'postgres' })
  const urls = await provisionRoles(limited, { database: name, ...PASSWORDS })
  await migrate(urls.ownerUrl)
  const db = connect(urls)
  await db.check()
  await db.close()
  await drop(name)
  await admin.query(`drop role ${role}`)
})

test('a password is stored as a verifier that PostgreSQL accepts, whatever its characters', async () => {
  const verifiers = await admin.query(
    `select rolpassword like 'SCRAM-SHA-256$4096:%' as ok from pg_authid where rolname like 'fleet\\_%'`,
  )
  expect(verifiers.rows).toEqual([{ ok: true }, { ok: true }, { ok: true }])
})

test('the command provisions and migrates, migrates alone, and says what it lacks', async () => {
  const name = freshName()
  const command = fileURLToPath(new URL('../src/migrate-main.ts', import.meta.url))
  const run = (env: NodeJS.ProcessEnv) => promisify(execFile)(process.execPath, [command], { env })
  const provisioned = await run({
    DATABASE_ADMIN_URL: database.adminUrl,
    FLEET_DATABASE: name,
    FLEET_OWNER_PASSWORD: PASSWORDS.ownerPassword,
    FLEET_APP_PASSWORD: PASSWORDS.appPassword,
    FLEET_SYSTEM_PASSWORD: PASSWORDS.systemPassword,
  })
  expect(provisioned.stdout).toBe(
    `provisioned database ${name} and the roles fleet_owner, fleet_app, fleet_system\nthe database is at the newest migration\n`,
  )
  const ownerUrl = urlOf(database.adminUrl, {
    user: 'fleet_owner',
    password: PASSWORDS.ownerPassword,
    database: name,
  })
  expect((await run({ DATABASE_OWNER_URL: ownerUrl })).stdout).toBe(
    'the database is at the newest migration\n',
  )
  await expect(run({})).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('DATABASE_ADMIN_URL'),
  })
  await drop(name)
})

test('a failing migration names neither login nor password', async () => {
  const wrong = new URL(database.ownerUrl)
  wrong.username = 'planted_login'
  wrong.password = 'planted_password'
  const failure = await migrate(wrong.href).catch((error: unknown) => error)
  expect(failure).toMatchObject({ name: 'DatabaseFailure', sqlState: expect.stringMatching(/^28/) })
  expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('planted')
})

describe('the check at start refuses', () => {
  const refusal = async (urls: { appUrl: string; systemUrl: string }) => {
    const db = connect(urls)
    try {
      return await db.check().then(
        () => 'accepted',
        (error: Error) => error.message,
      )
    } finally {
      await db.close()
    }
  }
  const { appUrl, systemUrl, adminUrl, ownerUrl } = database

  test('nothing when all is well', async () => {
    expect(await refusal({ appUrl, systemUrl })).toBe('accepted')
  })
  test('a superuser', async () => {
    expect(await refusal({ appUrl: adminUrl, systemUrl })).toContain('superuser')
    expect(await refusal({ appUrl, systemUrl: adminUrl })).toContain('superuser')
  })
  test('the owner of the tables', async () => {
    expect(await refusal({ appUrl: ownerUrl, systemUrl })).toContain('owns tables')
  })
  test.each([
    ['BYPASSRLS', 'bypassrls', ''],
    ['owns tables, or belongs to a role that does', 'nobypassrls', 'fleet_owner'],
  ])('a login that has %s', async (reason, attribute, membership) => {
    const role = `odd_${randomUUID().slice(0, 8)}`
    await admin.query(`create role ${role} login ${attribute} password 'odd'`)
    if (membership !== '') await admin.query(`grant ${membership} to ${role}`)
    const { rows } = await admin.query('select current_database() as name')
    await admin.query(`grant connect on database ${rows[0].name} to ${role}`)
    const odd = urlOf(adminUrl, { user: role, password: 'odd', database: rows[0].name })
    expect(await refusal({ appUrl: odd, systemUrl })).toContain(reason)
    await admin.query(`drop owned by ${role}`)
    await admin.query(`drop role ${role}`)
  })
  test('a database without its tables', async () => {
    const name = freshName()
    const urls = await provisionRoles(adminUrl, { database: name, ...PASSWORDS })
    expect(await refusal(urls)).toContain('run the migrations first')
    await drop(name)
  })
  test('a table without forced row-level security', async () => {
    await asAdmin(adminUrl, async (client) => {
      await client.query('alter table outbox no force row level security')
      expect(await refusal({ appUrl, systemUrl })).toContain('a table lacks forced row-level security')
      await client.query('alter table outbox force row level security')
    })
  })
})
