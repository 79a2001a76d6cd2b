import type { CompanyId } from '../identifiers.ts'
import type { AuditEntry, AuditSeal } from './audit-entry.ts'

/** The audit log as a whole: what is written for others, chained, and kept for a time. */
export interface AuditChain {
  /** Entries with a company's name on them, from a process that has collected them. */
  appendFor(entries: readonly (AuditEntry & { companyId: CompanyId | null; at: Date })[]): Promise<void>
  /**
   * Chains entries that no running transaction can still precede, up to `limit`; answers how many. One sealer works at a
   * time, others answer 0.
   */
  seal(limit: number): Promise<number>
  seals(day: string): Promise<AuditSeal[]>
  /** Recomputes a day's chain. Null when it holds; otherwise where it breaks first. */
  verify(day: string): Promise<{ block: number; why: string } | null>
  /**
   * Makes the partitions of the coming months and drops those that ended `months` (at least 1) months before this one
   * began; answers the names dropped. Their seals stay. Whoever calls it writes down what was dropped.
   */
  keep(months: number): Promise<string[]>
}
