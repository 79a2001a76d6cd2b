import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { MIGRATIONS_FOLDER, migrate } from '../src/migrate.ts'
import { asAdmin, provisionRoles, urlOf } from '../src/provision-roles.ts'
import * as tables from '../src/tables.ts'
import { createTestDatabase } from './test-database.ts'

// drizzle-kit gives every array a method, for names that nothing here asks for.
Reflect.deleteProperty(Array.prototype, 'random')

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

/** The first `count` migrations in a folder of their own: the database as an older release left it. */
async function olderMigrations(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-migrations-'))
  await cp(MIGRATIONS_FOLDER, folder, { recursive: true })
  const path = join(folder, 'meta/_journal.json')
  const journal = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, count) }))
  return folder
}

/** A database as that many migrations leave it, and a superuser's connection to it. */
async function olderDatabase(migrations: number) {
  const name = freshName()
  const { ownerUrl } = await provisionRoles(database.adminUrl, { database: name, ...PASSWORDS })
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  const folder = await olderMigrations(migrations)
  await runMigrations(drizzle(owner), { migrationsFolder: folder })
  await rm(folder, { recursive: true })
  await owner.end()
  const url = new URL(database.adminUrl)
  url.pathname = `/${name}`
  const old = new pg.Client({ connectionString: url.href })
  await old.connect()
  return { name, ownerUrl, old }
}

/** As many migrations as there were before the one of that name. */
async function countBefore(tag: string): Promise<number> {
  const journal = JSON.parse(await readFile(join(MIGRATIONS_FOLDER, 'meta/_journal.json'), 'utf8'))
  return journal.entries.findIndex((entry: { tag: string }) => entry.tag.endsWith(tag))
}

test('what a company issued as the buyer is entered as bought, where it stood as sold', async () => {
  const { name, ownerUrl, old } = await olderDatabase(await countBefore('company_particulars'))
  const company = randomUUID()
  await old.query(
    `insert into companies (id, nip, name, created_at) values ('${company}', '5265877635', 'Spółka', now())`,
  )
  const enter = async (of: { seller: string; buyer: string; roles: string; submission?: boolean }) => {
    const document = randomUUID()
    await old.query(
      `insert into ksef_documents_raw (id, company_id, environment, direction, kind, hash, content, created_at)
       values ('${document}', '${company}', 'test', 'outgoing', 'invoice', 'h', '', now())`,
    )
    await old.query(
      `insert into ksef_documents (company_id, document_id, environment, direction, roles, hash, size, seller_nip,
         buyer_id_type, buyer_id, third_parties, corrected_count, is_self_invoicing, has_attachment, submission_id, search,
         created_at)
       values ('${company}', '${document}', 'test', 'outgoing', '${of.roles}', 'h', 0, '${of.seller}', 'Nip', '${of.buyer}',
         '[]', 0, false, false, ${of.submission === false ? 'null' : `'${randomUUID()}'`}, '', now())`,
    )
    return document
  }
  const [own, other] = ['5265877635', '7980332920']
  const documents = [
    await enter({ seller: own, buyer: other, roles: '{Subject1}' }),
    await enter({ seller: other, buyer: own, roles: '{Subject1}' }),
    await enter({ seller: other, buyer: own, roles: '{Subject1,Subject2}' }),
    await enter({ seller: other, buyer: own, roles: '{Subject1}', submission: false }),
  ]
  await migrate(ownerUrl)
  const { rows } = await old.query('select document_id, roles from ksef_documents')
  const rolesOf = new Map(rows.map(({ document_id: id, roles }) => [id, roles]))
  expect(documents.map((id) => rolesOf.get(id))).toEqual([
    ['Subject1'],
    ['Subject2'],
    ['Subject2'],
    ['Subject1'],
  ])
  await old.end()
  await drop(name)
})

test('what stood in the tables before credentials had versions stands in the new ones', async () => {
  const { name, ownerUrl, old } = await olderDatabase(2)
  const [company, live, erased, integration] = [1, 2, 3, 4].map(
    (n) => `00000000-0000-4000-8000-00000000000${n}`,
  )
  await old.query(`
    insert into companies values ('${company}', '5265877635', 'Spółka', now());
    insert into ksef_credentials values
      ('${live}', '${company}', 'token', 'ref', 3, null, null, 'CN=Ą', null, now() + interval '90 days', 'active', now()),
      ('${erased}', '${company}', 'certificate', 'ref2', 1, '0A', 'ff', null, null, null, 'erased', now());
    insert into ksef_integrations values ('${integration}', '${company}', 'demo', '{"type": "Nip", "value": "5265877635"}',
      '${live}', 'active', '{InvoiceWrite}', null, '2026-11-20T10:00:00Z', null, now());
    insert into api_keys values (gen_random_uuid(), null, 'n', 'h', 'hash1', now()),
                                (gen_random_uuid(), '${company}', 'n', 'h', 'hash2', now());
    insert into ksef_audit_log (company_id, at, actor, action, subject, outcome, details)
    values ('${company}', '2024-02-29T12:00:00Z', 'a', 'old', 's', 'ok', '{"x": 1}'), (null, now(), 'a', 'new', 's', 'ok', null)`)
  await migrate(ownerUrl)
  const read = async (query: string) => (await old.query(query)).rows
  expect(
    await read(
      'select id, environment, name, context, state, ended_at is not null as ended from ksef_credentials order by id',
    ),
  ).toEqual([
    {
      id: live,
      environment: 'demo',
      name: 'CN=Ą',
      context: { type: 'Nip', value: '5265877635' },
      state: 'active',
      ended: false,
    },
    { id: erased, environment: 'test', name: 'certificate', context: null, state: 'ended', ended: true },
  ])
  expect(
    await read(`select credential_id as id, company_id, number, state, secret_version, serial_number,
                       next_notice_at = not_after - interval '30 days' as noticed from ksef_credential_versions order by 1`),
  ).toEqual([
    {
      id: live,
      company_id: company,
      number: 3,
      state: 'active',
      secret_version: null,
      serial_number: null,
      noticed: true,
    },
    {
      id: erased,
      company_id: company,
      number: 1,
      state: 'erased',
      secret_version: null,
      serial_number: '0A',
      noticed: null,
    },
  ])
  expect(await read('select scopes, nip_proof, length(grant_code) as code from ksef_integrations')).toEqual([
    {
      scopes: ['InvoiceWrite'],
      nip_proof: { method: 'own-credential', by: null, at: '2026-11-20T10:00:00.000Z' },
      code: 12,
    },
  ])
  expect(await read('select role from api_keys order by hash')).toEqual([
    { role: 'administrator' },
    { role: 'company' },
  ])
  expect(await read('select id::int, company_id, action, details from ksef_audit_log order by id')).toEqual([
    { id: 1, company_id: company, action: 'old', details: { x: 1 } },
    { id: 2, company_id: null, action: 'new', details: null },
  ])
  expect(await read(`select nextval('ksef_audit_log_number')::int as next`)).toEqual([{ next: 3 }])
  const unforced = await read(`select relname from pg_class where relkind in ('r', 'p')
    and relnamespace = 'public'::regnamespace and not relforcerowsecurity`)
  expect(unforced).toEqual([])
  await old.end()
  await drop(name)
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
