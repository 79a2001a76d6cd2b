import { z } from 'zod'
import { openAccess, recordFailure } from '../delivery/company-access.ts'
import { type DeliveryContext, isDue } from '../delivery/delivery-context.ts'
import { openedAround, orphanIn } from '../delivery/orphan.ts'
import type { Session } from '../delivery/session.ts'
import { CompanyId, SessionId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

/** Looked for so often; after that it ends by itself, twelve hours after it was opened. */
const LOOKS_MAX = 5

const Payload = z.object({ companyId: CompanyId, sessionId: SessionId })

/** Looks in KSeF's list for a session whose opening was never answered, and closes it. */
export const findOrphan = defineJob({
  name: 'find-orphan',
  queue: 'upkeep',
  schema: Payload,
  key: ({ sessionId }) => `orphan-${sessionId}`,
  async handler({ companyId, sessionId }, context) {
    const session = await context.db.readCompany(companyId, (reads) => reads.sessions.get(sessionId))
    if (session?.state !== 'abandoned' || !isDue(session.nextPollAt, context.now())) return
    const again = session.polls < LOOKS_MAX ? await look(context, session) : null
    await context.db.withCompany(companyId, (tx) =>
      tx.sessions.touch(sessionId, { nextPollAt: again, polls: session.polls + 1 }),
    )
  },
})

/** Null when it is done, else when to look again. */
async function look(context: DeliveryContext, session: Session): Promise<Date | null> {
  const { id, companyId, polls } = session
  const opened = await openAccess(context, companyId, session)
  if (!opened.ok) return opened.until
  const { from, to } = openedAround(session)
  const listed = await opened.ksef.sessionsOpenedWithin(from, to)
  if (!listed.ok) return recordFailure(context, opened.ksef, { failure: listed.failure, tries: polls })
  const known = await context.db.withCompany(companyId, (tx) =>
    tx.sessions.known(listed.value.map(({ referenceNumber }) => referenceNumber)),
  )
  const referenceNumber = orphanIn(listed.value, new Set(known))
  if (referenceNumber === null) {
    context.log.info({ sessionId: id, listed: listed.value.length }, 'delivery.no-orphan')
    return null
  }
  const closed = await opened.ksef.closeSession(referenceNumber, 'online')
  if (!closed.ok) return recordFailure(context, opened.ksef, { failure: closed.failure, tries: polls })
  await context.db.withCompany(companyId, async (tx) => {
    // Two openings that were never answered may have looked at once: the session is one row's.
    const [taken] = await tx.sessions.known([referenceNumber])
    if (taken === undefined) await tx.sessions.touch(id, { referenceNumber })
  })
  context.log.info({ sessionId: id, referenceNumber }, 'delivery.orphan-closed')
  return null
}
