export { DatabaseFailure } from '@ksef-fleet/core'
export { type ConnectedDatabase, type ConnectOptions, connect } from './connect.ts'
export { migrate } from './migrate.ts'
export { type ProvisionedUrls, type Provisioning, provisionRoles } from './provision-roles.ts'
