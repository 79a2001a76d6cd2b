/**
 * A session that KSeF opened although its answer never came. Its key is ours and its reference number is not, so nothing was
 * ever sent into it, and it would stay open for twelve hours. Other programs of the company open sessions too, and nothing in
 * KSeF's list tells whose one is: taken for ours is the only one of that time that is unknown here and empty, long after it was
 * opened. Where our opening never arrived and another program opened one in that very minute and has sent nothing since, that
 * one's is closed. It loses no invoice by it: its next one is refused (21180), and it has to open another session.
 */
import type { ListedSession } from '@ksef-fleet/ksef'
import type { Session } from './session.ts'

/** By how much KSeF's clock and ours differ is not known: by less than this, and an opening takes no longer. */
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
