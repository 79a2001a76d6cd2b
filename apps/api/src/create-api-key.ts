/**
 * Makes an API key from the command line: `node src/create-api-key.ts --name NAME [--company COMPANY_ID]`. Without a
 * company it is an administrator's of the provider, the first of which no API can make. The key is printed once; only its
 * hash is kept.
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
  const company = CompanyId.nullable().safeParse(values.company ?? null)
  if (!company.success) throw new Error('--company is not the id of a company')
  await using resources = new AsyncDisposableStack()
  const db = resources.adopt(connect({ ...readDatabaseConfig(), poolSize: 1 }), (database) =>
    database.close(),
  )
  const now = () => new Date()
  const companyId = company.data
  const owner = companyId === null ? { companyId, role: 'administrator' as const } : { companyId }
  const { key } = await createApiKey(
    { db, now, randomBytes, newId: createIdSource({ now, randomBytes }) },
    { ...owner, name: name.data, actor: 'operator' },
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
