import type { GroupBudget } from '../budget/rate-budget.ts'
import { partOf } from '../budget/shares.ts'

/**
 * How the next window is received.
 *
 * export    one call of twenty an hour for up to 10,000 invoices, and calls to ask for it.
 * metadata  one call of twenty for a list, and one of sixty-four for each invoice: cheaper for a few, at once, and where
 *           nothing came it is one call in all.
 * wait      neither has room before then.
 */
export type Way = { by: 'export' } | { by: 'metadata' } | { by: 'wait'; ms: number }

/** So many invoices are a trickle: with their list they fit into KSeF's windows of a second and of a minute. */
export const TRICKLE_MAX = 7

export type SyncBudget = {
  readonly invoiceExport: GroupBudget
  readonly invoiceMetadata: GroupBudget
  readonly invoiceDownload: GroupBudget
}

/** Calls of a group that are left of a part of it: all callers count, but only up to that part may be used. */
export function leftOf({ left, blockedForMs, windows }: GroupBudget, share: number): number {
  if (left === null) return Number.POSITIVE_INFINITY
  if (blockedForMs > 0) return 0
  return Math.max(0, Math.min(left, ...windows.map(({ limit, used }) => partOf(limit, share) - used)))
}

/**
 * @param expected invoices that the window may hold; null where nobody knows
 * @param share the part of `invoiceMetadata` and `invoiceDownload` that receiving may use
 */
export function chooseWay(expected: number | null, budget: SyncBudget, share: number): Way {
  const lists = leftOf(budget.invoiceMetadata, share)
  const downloads = leftOf(budget.invoiceDownload, share)
  const few = expected !== null && expected <= TRICKLE_MAX && lists >= 1 && downloads >= Math.ceil(expected)
  if (few) return { by: 'metadata' }
  if (leftOf(budget.invoiceExport, 1) >= 1) return { by: 'export' }
  if (expected !== null && lists >= 1 && downloads >= Math.max(1, expected)) return { by: 'metadata' }
  return { by: 'wait', ms: Math.max(budget.invoiceExport.freeInMs, WAIT_MS_MIN) }
}

const WAIT_MS_MIN = 1_000
const HOUR_MS = 3_600_000
/** A newer pace counts for half of what is known. */
const NEWER = 0.5
/** Behind by more than this a sync has lost its pace. */
const STALE_MS = 24 * HOUR_MS

/** Invoices to expect between the checkpoint and now; null where nothing is known, or too much time has passed. */
export function expectedSince(of: { pace: number | null; checkpoint: Date }, now: Date): number | null {
  const behindMs = now.getTime() - of.checkpoint.getTime()
  if (of.pace === null || behindMs > STALE_MS) return null
  return (of.pace * Math.max(0, behindMs)) / HOUR_MS
}

/** Invoices an hour after a window with so many. @param before null: the first that is known */
export function paceAfter(
  before: number | null,
  { from, to, listed }: { from: Date; to: Date; listed: number },
): number | null {
  const hours = (to.getTime() - from.getTime()) / HOUR_MS
  if (hours <= 0) return before
  const seen = listed / hours
  return before === null ? seen : before * (1 - NEWER) + seen * NEWER
}
