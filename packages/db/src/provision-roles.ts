import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { failureOf } from './failure.ts'
import { scramVerifier } from './scram-verifier.ts'

export type Provisioning = {
  /** Created when missing. */
  database: string
  ownerPassword: string
  appPassword: string
  systemPassword: string
}

export type ProvisionedUrls = { ownerUrl: string; appUrl: string; systemUrl: string }

const ROLES = { owner: 'fleet_owner', app: 'fleet_app', system: 'fleet_system' } as const
/** Any number, as long as it is always this one. Advisory locks are per database, and all come through the admin's. */
const PROVISION_LOCK = 7_234_002

/**
 * Creates database and roles where they are missing and sets the roles' passwords, as an administrator who may create
 * both (it need not be a superuser). Roles belong to the whole cluster. Harmless to repeat and to run concurrently.
 *
 * @param adminUrl an administrator's login to any other database of the cluster, such as `postgres`.
 * @throws DatabaseFailure; Error when a role of that name exists that could pass by row-level security
 */
export async function provisionRoles(adminUrl: string, to: Provisioning): Promise<ProvisionedUrls> {
  await asAdmin(adminUrl, async (admin) => {
    await admin.query(`select pg_advisory_lock(${PROVISION_LOCK})`)
    await provisionRole(admin, ROLES.owner, to.ownerPassword)
    await provisionRole(admin, ROLES.app, to.appPassword)
    await provisionRole(admin, ROLES.system, to.systemPassword)
    await provisionDatabase(admin, to.database)
  })
  const at = (user: string, password: string) => urlOf(adminUrl, { user, password, database: to.database })
  return {
    ownerUrl: at(ROLES.owner, to.ownerPassword),
    appUrl: at(ROLES.app, to.appPassword),
    systemUrl: at(ROLES.system, to.systemPassword),
  }
}

/** Who may connect to the database, and where the roles look for tables in it. Not copied when a database is cloned. */
export async function guardDatabase(admin: pg.Client, database: string): Promise<void> {
  const name = pg.escapeIdentifier(database)
  await admin.query(`revoke all on database ${name} from public`)
  await admin.query(`grant connect on database ${name} to ${ROLES.app}, ${ROLES.system}`)
  for (const role of Object.values(ROLES)) {
    await admin.query(`alter role ${role} in database ${name} set search_path = public, pg_temp`)
  }
}

/** Runs `work` on one connection of its own. Errors leave it without statement or parameter. */
export async function asAdmin<T>(adminUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: adminUrl, application_name: 'ksef-fleet provision' })
  try {
    await admin.connect()
    return await work(admin)
  } catch (error) {
    throw error instanceof UnsafeRole ? error : failureOf(error, 'working')
  } finally {
    await admin.end()
  }
}

/** The same server with another login and database. */
export function urlOf(adminUrl: string, login: { user: string; password: string; database: string }): string {
  const url = new URL(adminUrl)
  url.username = encodeURIComponent(login.user)
  url.password = encodeURIComponent(login.password)
  url.pathname = `/${encodeURIComponent(login.database)}`
  return url.href
}

class UnsafeRole extends Error {}

async function provisionRole(admin: pg.Client, role: string, password: string): Promise<void> {
  const { rows } = await admin.query<{ unsafe: boolean }>(
    'select rolsuper or rolbypassrls or rolcreaterole as unsafe from pg_roles where rolname = $1',
    [role],
  )
  if (rows[0]?.unsafe === true)
    throw new UnsafeRole(`role ${role} exists and could pass by row-level security`)
  const verb = rows.length === 0 ? 'create' : 'alter'
  const verifier = pg.escapeLiteral(scramVerifier(password, randomBytes(16)))
  await admin.query(`${verb} role ${role} login password ${verifier}`)
}

async function provisionDatabase(admin: pg.Client, database: string): Promise<void> {
  const { rows } = await admin.query('select from pg_database where datname = $1', [database])
  if (rows.length === 0) {
    // Giving a database to a role asks for membership in it, which a superuser has and another administrator takes.
    await admin.query(
      `do $$ begin
         if not pg_has_role('${ROLES.owner}', 'member') then grant ${ROLES.owner} to current_user; end if;
       end $$`,
    )
    await admin.query(`create database ${pg.escapeIdentifier(database)} owner ${ROLES.owner}`)
  }
  await guardDatabase(admin, database)
}
