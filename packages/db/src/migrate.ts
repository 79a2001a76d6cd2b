import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import { failureOf } from './failure.ts'

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../migrations', import.meta.url))

/** Any number, as long as it is always this one: whoever migrates holds it, the others wait. */
const MIGRATION_LOCK = 7_234_001

/**
 * Brings the database to the newest migration, all in one transaction. Harmless when it is there already and when many
 * start at once. The login must own the database, as `provisionRoles` arranges.
 *
 * @throws DatabaseFailure with nothing applied
 */
export async function migrate(ownerUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'ksef-fleet migrate' })
  try {
    await client.connect()
    await client.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
    await runMigrations(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER })
  } catch (error) {
    throw failureOf(error, 'working')
  } finally {
    await client.end()
  }
}
