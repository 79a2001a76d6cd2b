import { readMigrationConfig } from './config.ts'
import { migrate } from './migrate.ts'
import { provisionRoles } from './provision-roles.ts'

try {
  const config = readMigrationConfig()
  if (config.kind === 'admin') {
    const { ownerUrl } = await provisionRoles(config.adminUrl, config)
    console.log(`provisioned database ${config.database} and the roles fleet_owner, fleet_app, fleet_system`)
    await migrate(ownerUrl)
  } else {
    await migrate(config.ownerUrl)
  }
  console.log('the database is at the newest migration')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
