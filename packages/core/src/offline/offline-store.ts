import type { Outage } from '@ksef-fleet/ksef'
import type { KsefEnvironment, SubmissionId } from '../identifiers.ts'
import type { Submission } from '../submissions/submission.ts'
import type { KsefAvailability } from './availability.ts'
import type { Reckoned } from './issue-offline.ts'

/** Outages that count, and when anything about them changed last. */
export type KnownOutages = { outages: readonly Outage[]; changedAt: Date }

/** An invoice issued offline that KSeF has not registered yet, as its alarms tell of it. */
export type OfflineSubmission = Pick<
  Submission,
  | 'id'
  | 'environment'
  | 'batchId'
  | 'state'
  | 'kind'
  | 'number'
  | 'issueDate'
  | 'sellerNip'
  | 'offlineMode'
  | 'deadline'
  | 'alarmStage'
> & {
  /** When it was issued, where that is known (`issuedAtOf`); of a technical correction when the corrected one was. */
  issuedAt: Date | null
}

/** How it stands with a company's invoices that were issued offline and are not registered. */
export type OfflineStanding = {
  /** Those with a duty to be sent, and those of them whose deadline has passed. */
  waiting: number
  late: number
  /** The last day for the first of those not late. */
  nextDeadline: string | null
}

/** What a company's invoices issued offline ask of its rows. */
export interface OfflineStore {
  availability(environment: KsefEnvironment): Promise<KsefAvailability | null>
  outages(environment: KsefEnvironment): Promise<KnownOutages>
  /** null: nothing is said, and the provider's wish counts. */
  settings(): Promise<{ automatic: boolean } | null>
  configure(settings: { automatic: boolean }): Promise<void>
  /** Those not registered whose deadline was worked out by an earlier state of the outages. */
  toReckon(environment: KsefEnvironment, limit: number): Promise<OfflineSubmission[]>
  /** Those not registered whose alarm is due by then. */
  toAlarm(environment: KsefEnvironment, by: Date, limit: number): Promise<OfflineSubmission[]>
  /** Deadlines worked out anew; where one moved, no stage of its alarm counts as told. */
  reckoned(rows: readonly (Reckoned & { id: SubmissionId })[]): Promise<void>
  /** How far alarms were told, and when the next ones are due. */
  alarmed(rows: readonly Pick<Submission, 'id' | 'alarmStage' | 'alarmAt'>[]): Promise<void>
  /** Another goes in its place and in that of its earlier technical corrections: their deadlines are watched no more. */
  supersede(id: SubmissionId): Promise<void>
  standing(environment: KsefEnvironment, today: string): Promise<OfflineStanding>
}
