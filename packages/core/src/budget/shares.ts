import type { LimitCounter } from '@ksef-fleet/ksef'

/**
 * What a call is made for.
 *
 * delivery  sends, closes, and what tells what became of them.
 * sync      receives what others sent to the company, which can wait.
 */
export type CallPurpose = 'delivery' | 'sync'

/** Nothing that is sent, closed or asked about needs these. */
const OF_SYNC_ALONE: ReadonlySet<LimitCounter> = new Set(['invoiceExport', 'invoiceExportStatus'])

/**
 * The part of each window up to which a purpose may use a counter. Receiving stops at half of what sending needs as well:
 * counted are all calls, so however busy it is, the other half is there for a send or a close.
 */
export const shareOf = (purpose: CallPurpose, counter: LimitCounter): number =>
  purpose === 'sync' && !OF_SYNC_ALONE.has(counter) ? 1 / 2 : 1

/** At least one, where KSeF lets any through: a share must not become a ban. */
export const partOf = (limit: number, share: number): number =>
  limit <= 0 ? 0 : Math.max(1, Math.floor(limit * share))
