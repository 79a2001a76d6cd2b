import type { CompanyId, CompanyTransaction } from '@ksef-fleet/core'
import { companyKeyStore } from './stores/api-keys.ts'
import { attemptStore } from './stores/attempts.ts'
import { auditStore } from './stores/audit.ts'
import { companyStore } from './stores/companies.ts'
import { credentialStore } from './stores/credentials.ts'
import { documentStore } from './stores/documents.ts'
import { eventStore } from './stores/events.ts'
import { idempotencyStore } from './stores/idempotency.ts'
import { integrationStore } from './stores/integrations.ts'
import { outboxStore } from './stores/outbox.ts'
import { sessionStore } from './stores/sessions.ts'
import { submissionStore } from './stores/submissions.ts'
import type { Tx } from './transaction.ts'

/** Each statement names the company, and row-level security holds it to that: two locks, each enough alone. */
export const companyTransaction = (tx: Tx, companyId: CompanyId): CompanyTransaction => ({
  companies: companyStore(tx, companyId),
  credentials: credentialStore(tx, companyId),
  integrations: integrationStore(tx, companyId),
  documents: documentStore(tx, companyId),
  submissions: submissionStore(tx, companyId),
  attempts: attemptStore(tx, companyId),
  sessions: sessionStore(tx, companyId),
  idempotency: idempotencyStore(tx, companyId),
  apiKeys: companyKeyStore(tx, companyId),
  outbox: outboxStore(tx, companyId),
  audit: auditStore(tx, companyId),
  events: eventStore(tx, companyId),
})
