import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { acceptanceStore } from './stores/acceptance.ts'
import { companyKeyStore } from './stores/api-keys.ts'
import { attemptStore } from './stores/attempts.ts'
import { auditStore } from './stores/audit.ts'
import { batchStore } from './stores/batches.ts'
import { companyStore } from './stores/companies.ts'
import { credentialStore } from './stores/credentials.ts'
import { documentStore } from './stores/documents.ts'
import { eventStore } from './stores/events.ts'
import { idempotencyStore } from './stores/idempotency.ts'
import { inboxStore } from './stores/inbox.ts'
import { integrationStore } from './stores/integrations.ts'
import { limitStore } from './stores/limits.ts'
import { offlineStore } from './stores/offline.ts'
import { outboxStore } from './stores/outbox.ts'
import { packageStore } from './stores/packages.ts'
import { sessionStore } from './stores/sessions.ts'
import { submissionStore } from './stores/submissions.ts'
import { wayIn } from './stores/way-in.ts'
import { webhookStore } from './stores/webhooks.ts'
import type { Tx } from './transaction.ts'

/** Each statement names the company, and row-level security holds it to that: two locks, each enough alone. */
export const companyTransaction = (tx: Tx, companyId: CompanyId): CompanyTransaction => ({
  acceptance: acceptanceStore(tx, companyId),
  companies: companyStore(tx, companyId),
  credentials: credentialStore(tx, companyId),
  integrations: integrationStore(tx, companyId),
  limits: limitStore(tx, companyId),
  offline: offlineStore(tx, companyId),
  documents: documentStore(tx, companyId),
  batches: batchStore(tx, companyId),
  submissions: submissionStore(tx, companyId),
  attempts: attemptStore(tx, companyId),
  packages: packageStore(tx, companyId),
  sessions: sessionStore(tx, companyId),
  idempotency: idempotencyStore(tx, companyId),
  apiKeys: companyKeyStore(tx, companyId),
  inbox: inboxStore(tx, companyId),
  outbox: outboxStore(tx, companyId),
  audit: auditStore(tx, companyId),
  events: eventStore(tx, companyId),
  webhooks: webhookStore(tx, companyId),
  wayIn: wayIn(tx, companyId),
})
