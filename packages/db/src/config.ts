/** What the migration command reads from the environment. */
export type MigrationConfig =
  | { kind: 'owner'; ownerUrl: string }
  | {
      kind: 'admin'
      adminUrl: string
      database: string
      ownerPassword: string
      appPassword: string
      systemPassword: string
    }

/**
 * With `DATABASE_ADMIN_URL` roles and database are provisioned first: it takes the three passwords and `FLEET_DATABASE`
 * (default `fleet`). With `DATABASE_OWNER_URL` only the migrations run.
 *
 * @throws Error naming the variable that is missing
 */
export function readMigrationConfig(env: NodeJS.ProcessEnv = process.env): MigrationConfig {
  const required = (name: string): string => {
    const value = env[name]
    if (value === undefined || value === '') throw new Error(`${name} is not set`)
    return value
  }
  if (env.DATABASE_ADMIN_URL !== undefined && env.DATABASE_ADMIN_URL !== '') {
    return {
      kind: 'admin',
      adminUrl: env.DATABASE_ADMIN_URL,
      database: env.FLEET_DATABASE ?? 'fleet',
      ownerPassword: required('FLEET_OWNER_PASSWORD'),
      appPassword: required('FLEET_APP_PASSWORD'),
      systemPassword: required('FLEET_SYSTEM_PASSWORD'),
    }
  }
  if (env.DATABASE_OWNER_URL !== undefined && env.DATABASE_OWNER_URL !== '') {
    return { kind: 'owner', ownerUrl: env.DATABASE_OWNER_URL }
  }
  throw new Error('set DATABASE_ADMIN_URL (provision, then migrate) or DATABASE_OWNER_URL (migrate only)')
}
