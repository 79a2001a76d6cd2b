import { type KsefFailure, meaningOfSessionStatus, type SessionStatus, type Upo } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { openAccess, recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { isEnding } from '../delivery/sending-session.ts'
import type { Session } from '../delivery/session.ts'
import { CompanyId, DocumentId, SessionId } from '../identifiers.ts'
import { defineJob } from './define-job.ts'

/** After so many answers that there is no such session, it is believed. */
const LOOKS_MAX = 8

const Payload = z.object({ companyId: CompanyId, sessionId: SessionId })

/** Takes a session one step nearer its end: open → closing → closed → settled with its UPO pages stored. */
export const finishSession = defineJob({
  name: 'finish-session',
  queue: 'status',
  schema: Payload,
  key: ({ sessionId }) => `finish-${sessionId}`,
  async handler({ companyId, sessionId }, context) {
    const session = await startClosing(context, { companyId, sessionId })
    if (session?.referenceNumber == null) return
    const opened = await openAccess(context, companyId, session)
    if (!opened.ok) return postpone(context, session, opened.until)
    const known = { ...session, referenceNumber: session.referenceNumber }
    if (session.state === 'closing') await close(context, opened.ksef, known)
    if (session.state === 'closed') await settle(context, opened.ksef, known)
  },
})

type Known = Session & { referenceNumber: string }

/** The session, closing from here on when its time has come; null when there is nothing to finish. */
async function startClosing(
  context: DeliveryContext,
  { companyId, sessionId }: { companyId: CompanyId; sessionId: SessionId },
): Promise<Session | null> {
  return context.db.withCompany(companyId, async (tx) => {
    const session = await tx.sessions.get(sessionId)
    if (session?.state === 'opening') {
      const over = await tx.sessions.isLeaseOver(sessionId)
      if (over) await tx.sessions.move(sessionId, { from: 'opening', to: 'abandoned' })
      return null
    }
    if (session?.state !== 'open') return session
    const sending = await tx.submissions.ofSession(sessionId, ['claimed'])
    if (!isDone(context, session, sending.length)) return null
    const set = { nextPollAt: context.now(), polls: 0 }
    await tx.sessions.move(sessionId, { from: 'open', to: 'closing', set })
    return tx.sessions.get(sessionId)
  })
}

/** Near its end whatever is under way, or idle with no send under way. */
function isDone(context: DeliveryContext, session: Session, sending: number): boolean {
  const now = context.now()
  if (isEnding(session, now)) return true
  const idleSince = addSeconds(now, -context.timing.sessionIdleSeconds)
  return sending === 0 && session.lastUsedAt !== null && session.lastUsedAt <= idleSince
}

/** Repeated until KSeF says closed or already closed: an answer may be lost although it was (ksef-api#786). */
async function close(context: DeliveryContext, ksef: CompanyKsef, session: Known): Promise<void> {
  const closed = await ksef.closeSession(session.referenceNumber)
  if (!closed.ok && !isOver(context, session) && !isUnknown(context, session, closed.failure)) {
    const failed = { failure: closed.failure, tries: session.polls }
    return postpone(context, session, await recordFailure(context, ksef, failed))
  }
  const nextPollAt = addSeconds(context.now(), waitAt(context.timing.pollSeconds, 0))
  await context.db.withCompany(session.companyId, (tx) =>
    tx.sessions.move(session.id, { from: 'closing', to: 'closed', set: { nextPollAt, polls: 0 } }),
  )
}

/** KSeF closes every session itself at `validUntil`. */
const isOver = (context: DeliveryContext, session: Session): boolean =>
  session.validUntil !== null && session.validUntil <= context.now()

/** KSeF loses sight of live sessions at random (ksef-api#801), but not that often in a row. */
function isUnknown(context: DeliveryContext, session: Session, failure: KsefFailure): boolean {
  const streak = `unknown session ${session.id}`
  if (failure.code === 'KSEF_SESSION_NOT_FOUND') return context.streaks.add(streak) >= LOOKS_MAX
  context.streaks.end(streak)
  return false
}

async function settle(context: DeliveryContext, ksef: CompanyKsef, session: Known): Promise<void> {
  const status = await ksef.sessionStatus(session.referenceNumber)
  if (!status.ok && isUnknown(context, session, status.failure))
    return conclude(context, session, { code: null, pages: [] })
  if (!status.ok) {
    const failed = { failure: status.failure, tries: session.polls }
    return postpone(context, session, await recordFailure(context, ksef, failed))
  }
  const { code } = status.value.status
  const { outcome } = meaningOfSessionStatus(code)
  const unsettled = outcome === 'pending' || (outcome === 'unknown' && !isOver(context, session))
  const pages = unsettled ? null : await fetchUpoPages(context, ksef, { session, status: status.value })
  if (pages !== null) return conclude(context, session, { code, pages })
  const seconds = waitAt(context.timing.pollSeconds, session.polls)
  return postpone(context, session, addSeconds(context.now(), seconds))
}

async function conclude(
  context: DeliveryContext,
  session: Session,
  verdict: { code: number | null; pages: readonly Upo[] },
): Promise<void> {
  const now = context.now()
  await context.db.withCompany(session.companyId, async (tx) => {
    const set = { nextPollAt: null, ksefStatusCode: verdict.code }
    if (!(await tx.sessions.move(session.id, { from: 'closed', to: 'settled', set }))) return
    for (const page of verdict.pages) {
      await tx.documents.insert({
        id: DocumentId.parse(context.newId()),
        environment: session.environment,
        direction: 'outgoing',
        kind: 'session-upo',
        hash: page.hash,
        content: page.xml,
        sessionId: session.id,
      })
    }
    // What the settled session does not list never arrived: its lost invoices are searched once more, at once.
    for (const lost of await tx.submissions.ofSession(session.id, ['lost'])) {
      await tx.submissions.touch(lost.id, { state: 'lost', set: { nextPollAt: now } })
    }
  })
  const upoPages = verdict.pages.length
  context.log.info({ sessionId: session.id, ksefCode: verdict.code, upoPages }, 'delivery.session-settled')
}

/** By their links, which spend no limit, else through the API. Null when a page could not be fetched now. */
async function fetchUpoPages(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, status }: { session: Known; status: SessionStatus },
): Promise<Upo[] | null> {
  const pages: Upo[] = []
  for (const { downloadUrl, referenceNumber } of status.upoPages) {
    const linked = await ksef.downloadUpo(downloadUrl)
    const page = linked.ok ? linked : await ksef.upoPage(session.referenceNumber, referenceNumber)
    if (!page.ok) {
      await recordFailure(context, ksef, { failure: page.failure, tries: session.polls })
      return null
    }
    pages.push(page.value)
  }
  return pages
}

async function postpone(context: DeliveryContext, session: Session, until: Date): Promise<void> {
  await context.db.withCompany(session.companyId, (tx) =>
    tx.sessions.touch(session.id, { nextPollAt: until, polls: session.polls + 1 }),
  )
}
