import type { CredentialChoice } from '../context/choose-credential.ts'
import type { Credential, CredentialVersion } from '../credentials/credential.ts'
import type { SyncState } from '../inbox/sync-state.ts'
import type { Integration } from '../integrations/integration.ts'
import type { OfflineFacts } from '../offline/offline-settings.ts'
import type { SubmissionState } from '../submissions/submission.ts'
import type { Webhook } from '../webhooks/webhook.ts'
import type { Company } from './company.ts'
import type { CompanyBudget } from './company-budget.ts'

/** Pending and held invoices by reason: how many, and since when the oldest. */
export type Waiting = { state: SubmissionState; reason: string | null; count: number; oldest: Date }

/** What is known of a company, in one look: from the rows and the counters alone, without a call of KSeF. */
export type CompanyFacts = {
  /** The present, by the database's or this process's clock. */
  now: Date
  company: Company
  /** The one that is not revoked; else the last one that was; null when there never was one. */
  integration: Integration | null
  /** Which credential signs in for the company now, and why others do not. */
  credentials: CredentialChoice
  /** The company's own that have not ended, with all their versions. */
  own: readonly { credential: Credential; versions: readonly CredentialVersion[] }[]
  waiting: readonly Waiting[]
  /** How it issues while KSeF cannot be reached, and which deadlines run. */
  offline: OfflineFacts & {
    /** Whether there is a valid certificate that signs KOD II. */
    canSignCodes: boolean
  }
  /** Receiving by role, of the integration. */
  syncs: readonly SyncState[]
  /** The company's own webhooks. */
  webhooks: readonly Webhook[]
  /** Null without an integration: nobody calls KSeF for it. */
  budget: CompanyBudget | null
}
