import type { SystemTransaction } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import { providerKeyStore } from './stores/api-keys.ts'
import { auditStore } from './stores/audit.ts'
import { auditChain } from './stores/audit-chain.ts'
import { availabilityStore } from './stores/availability.ts'
import { companyDirectory } from './stores/companies.ts'
import { credentialDirectory } from './stores/credential-directory.ts'
import { documentDirectory } from './stores/document-directory.ts'
import { dueWork } from './stores/due.ts'
import { eventLog } from './stores/event-log.ts'
import { eventStore } from './stores/events.ts'
import { retireExports } from './stores/inbox-exports.ts'
import { integrationWaker } from './stores/integrations.ts'
import { measure } from './stores/measure.ts'
import { outageStore } from './stores/outages.ts'
import { outboxQueue } from './stores/outbox.ts'
import { webhookStore } from './stores/webhooks.ts'
import type { Tx } from './transaction.ts'

/** The database's present, for processes that would rather not trust their own clock. */
const presentOf = (tx: Tx) => async (): Promise<Date> => {
  const { rows } = await tx.execute<{ ms: number }>(
    sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`,
  )
  const [row] = rows
  if (row === undefined) throw new Error('the database did not tell its time')
  return new Date(row.ms)
}

/** @param ringSeconds for how long what was rung for is not rung for again */
export const systemTransaction = (tx: Tx, ringSeconds: number): SystemTransaction => ({
  apiKeys: providerKeyStore(tx),
  companies: companyDirectory(tx),
  integrations: integrationWaker(tx),
  availability: availabilityStore(tx),
  outages: outageStore(tx),
  outbox: outboxQueue(tx),
  due: dueWork(tx, ringSeconds),
  credentials: credentialDirectory(tx),
  events: eventStore(tx, null),
  documents: documentDirectory(tx),
  eventLog: eventLog(tx),
  exports: { retire: (before, limit) => retireExports(tx, before, limit) },
  webhooks: webhookStore(tx, null),
  audit: { ...auditStore(tx, null), ...auditChain(tx) },
  measure: measure(tx),
  present: presentOf(tx),
})
