/**
 * Makes an API key from the command line: `node src/create-api-key.ts --name NAME [--company COMPANY_ID]`. The key is
 * printed once; only its hash is kept.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { CompanyId, createApiKey, createIdSource, FleetError } from '@ksef-fleet/core'
import { connect } from '@ksef-fleet/db'
import { readDatabaseConfig } from './config.ts'
import { Name } from './routes/name.ts'

async function run(): Promise<void> {
  const { values } = parseArgs({ options: { name: { type: 'string' }, company: { type: 'string' } } })
  const name = Name.safeParse(values.name)
  if (!name.success) throw new Error('--name is missing or is not one line of 1 to 200 characters')
  const companyId = CompanyId.nullable().safeParse(values.company ?? null)
  if (!companyId.success) throw new Error('--company is not the id of a company')
  await using resources = new AsyncDisposableStack()
  const db = resources.adopt(connect({ ...readDatabaseConfig(), poolSize: 1 }), (database) =>
    database.close(),
  )
  const now = () => new Date()
  const { key } = await createApiKey(
    { db, now, randomBytes, newId: createIdSource({ now, randomBytes }) },
    { companyId: companyId.data, name: name.data, actor: 'command line' },
  )
  console.log(key)
}

try {
  await run()
} catch (error) {
  const message =
    error instanceof FleetError && error.code === 'NOT_FOUND' ? 'there is no such company' : error
  console.error(message instanceof Error ? message.message : message)
  process.exitCode = 1
}
