import type { SystemTransaction } from '@ksef-fleet/core'
import { providerKeyStore } from './stores/api-keys.ts'
import { auditStore } from './stores/audit.ts'
import { companyDirectory } from './stores/companies.ts'
import { dueWork } from './stores/due.ts'
import { measure } from './stores/measure.ts'
import { outboxQueue } from './stores/outbox.ts'
import type { Tx } from './transaction.ts'

export const systemTransaction = (tx: Tx): SystemTransaction => ({
  apiKeys: providerKeyStore(tx),
  companies: companyDirectory(tx),
  outbox: outboxQueue(tx),
  due: dueWork(tx),
  audit: auditStore(tx, null),
  measure: measure(tx),
})
