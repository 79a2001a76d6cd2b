/** Every wait of receiving, in one place, so that a test shortens them by setting and never by other code. */
export type InboxTiming = {
  /** How long a sync is one worker's to run, unless it renews. */
  leaseSeconds: number
  /** Waits between questions whether an export is made: the last one repeats. */
  exportPollSeconds: readonly number[]
  /** How long an export is waited for; one that is stuck takes its place among KSeF's ten. */
  exportGiveUpSeconds: number
  /** Waits after failures in a row: the last one repeats. */
  retrySeconds: readonly number[]
  /** Between tries to have a document that KSeF lists and does not give. */
  missingSeconds: readonly number[]
  /** Between audits that fail in a row. */
  auditRetrySeconds: readonly number[]
}

export const INBOX_TIMING: InboxTiming = {
  leaseSeconds: 20,
  exportPollSeconds: [0.5, 0.5, 1, 2, 4, 8, 15, 30, 60],
  exportGiveUpSeconds: 3_600,
  retrySeconds: [5, 30, 120, 600, 1_800, 3_600],
  missingSeconds: [60, 600, 3_600, 6 * 3_600, 24 * 3_600],
  auditRetrySeconds: [3_600, 6 * 3_600, 24 * 3_600],
}
