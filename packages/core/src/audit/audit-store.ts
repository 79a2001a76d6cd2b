import type { AuditEntry, AuditFilter, StoredAuditEntry } from './audit-entry.ts'

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>
  /** Several at once, in their order; each at its own time, where it has one. */
  appendAll(entries: readonly (AuditEntry & { at?: Date })[]): Promise<void>
  /** Newest first. A company's transaction sees the company's entries; the system's sees all. */
  list(filter: AuditFilter): Promise<StoredAuditEntry[]>
}
