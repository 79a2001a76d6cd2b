/**
 * A session that KSeF opened although its answer never came. Its key is ours and its reference number is not, so nothing was
 * ever sent into it, and it would stay open for twelve hours. Other programs of the company open sessions too: only one that
 * can be nobody's but ours is taken for ours.
 */
import type { ListedSession } from '@ksef-fleet/ksef'
import type { Session } from './session.ts'

/** KSeF's clock and ours may differ by so much, and an opening takes no longer. */
const AROUND_SECONDS = 60

/** When KSeF may have opened it. */
export const openedAround = ({ createdAt }: Pick<Session, 'createdAt'>): { from: Date; to: Date } => ({
  from: new Date(createdAt.getTime() - AROUND_SECONDS * 1000),
  to: new Date(createdAt.getTime() + AROUND_SECONDS * 1000),
})

/**
 * The one session of the list that is empty and that nobody here knows; null when there is none, or several, of which one
 * may be another program's.
 *
 * @param known reference numbers of the company's sessions
 */
export function orphanIn(
  listed: readonly ListedSession[],
  known: ReadonlySet<string>,
): ListedSession['referenceNumber'] | null {
  const unknown = listed.filter(({ referenceNumber }) => !known.has(referenceNumber))
  const [only] = unknown
  return only !== undefined && unknown.length === 1 && (only.totalInvoiceCount ?? 0) === 0
    ? only.referenceNumber
    : null
}
