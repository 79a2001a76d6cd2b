import type { Submission } from '../submissions/submission.ts'

/** What makes pending submissions of a company alike to the planner. */
export type GroupKey = Pick<Submission, 'formCode' | 'delivery' | 'hasAttachment' | 'packageMax'> & {
  /** They were issued offline: a batch is so as a whole (`OpenBatchSessionRequest.offlineMode`). */
  offline: boolean
  /** They correct rejected offline invoices technically. */
  technical: boolean
}

/** Those that are due. */
export type PendingGroup = GroupKey & {
  count: number
  /** Of those issued offline: the first day that is the last for one of them; null: none has a deadline. */
  deadline: string | null
  /** When the first and the last of them came due. */
  oldestAt: Date
  newestAt: Date
}

/**
 * How invoices may travel.
 *
 * singly   one call each, 180 an hour (limity-api.md).
 * batched  in packages only.
 * either   as KSeF's limits advise.
 */
export type Travel = 'singly' | 'batched' | 'either'

/** Documents of the Peppol network never go in a batch; attachments go in nothing else (sesja-wsadowa.md). */
export function travelOf({
  formCode,
  delivery,
  hasAttachment,
  packageMax,
  technical,
}: Omit<GroupKey, 'offline'>): Travel {
  // Technical corrections go in interactive sessions only, with their attachments too (korekta-techniczna.md).
  if (technical) return 'singly'
  if (formCode.startsWith('PEF') || formCode.startsWith('FA_PEF')) return 'singly'
  if (hasAttachment) return 'batched'
  // What failed in a package of its own is tried the other way, whatever its caller wished.
  if (packageMax === 1) return 'singly'
  if (delivery === 'batch') return 'batched'
  return delivery === 'immediate' ? 'singly' : 'either'
}
