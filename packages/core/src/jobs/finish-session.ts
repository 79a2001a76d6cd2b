import {
  type KsefErrorCode,
  type KsefFailure,
  meaningOfSessionStatus,
  type SessionStatus,
  type Upo,
} from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { isHeldBack } from '../delivery/after-failure.ts'
import { holdWaiting, openAccess, recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, isDue, waitAt } from '../delivery/delivery-context.ts'
import { isEnding, lookForOrphan } from '../delivery/sending-session.ts'
import type { Session } from '../delivery/session.ts'
import { CompanyId, DocumentId, SessionId } from '../identifiers.ts'
import { giveUp } from '../packaging/give-up.ts'
import { storeReceipts } from '../packaging/store-receipts.ts'
import { takeResults } from '../packaging/take-results.ts'
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
    if (!opened.ok) return postponeUnasked(context, session, opened.until)
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
    // Until it is closing, a batch is its driver's.
    if (session?.kind === 'batch' && (session.state === 'opening' || session.state === 'open')) return null
    if (session?.state === 'opening') {
      const over = await tx.sessions.isLeaseOver(sessionId)
      if (over)
        await tx.sessions.move(sessionId, { from: 'opening', to: 'abandoned', set: lookForOrphan(context) })
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
  const idleAt = session.lastUsedAt && addSeconds(session.lastUsedAt, context.timing.sessionIdleSeconds)
  return sending === 0 && isDue(idleAt, now)
}

/** Repeated until KSeF says closed or already closed: an answer may be lost although it was (ksef-api#786). */
async function close(context: DeliveryContext, ksef: CompanyKsef, session: Known): Promise<void> {
  const closed = await ksef.closeSession(session.referenceNumber, session.kind)
  if (!closed.ok && UNREAD.has(closed.failure.code)) {
    const status = await ksef.sessionStatus(session.referenceNumber)
    if (!status.ok) return unanswered(context, ksef, { session, failure: status.failure })
    if (status.value.status.code === STILL_OPEN) return unread(context, session, closed.failure.code)
  } else if (!closed.ok && !isOver(context, session) && !isUnknown(context, session, closed.failure)) {
    return unanswered(context, ksef, { session, failure: closed.failure })
  }
  context.streaks.end(streakOf(session))
  const nextPollAt = addSeconds(context.now(), waitAt(context.timing.pollSeconds, 0))
  await context.db.withCompany(session.companyId, (tx) =>
    tx.sessions.move(session.id, { from: 'closing', to: 'closed', set: { nextPollAt, polls: 0 } }),
  )
}

const STILL_OPEN = 100

/**
 * A part is missing, is another, or came too late: KSeF has not read the package, unless an earlier request to close it did its
 * work and only its answer was lost. Any status but that of an open session is KSeF's verdict, and is waited for.
 */
const UNREAD: ReadonlySet<string> = new Set<KsefErrorCode>([
  'BATCH_PART_MISSING',
  'BATCH_PART_SIZE_MISMATCH',
  'BATCH_UPLOAD_TOO_LATE',
])

async function unread(context: DeliveryContext, session: Known, code: string): Promise<void> {
  await giveUp(context, session, { code, nextAttemptAt: context.now() })
  await holdWaiting(context, session.companyId)
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
  if (!status.ok && isUnknown(context, session, status.failure)) return vanished(context, session)
  if (!status.ok) return unanswered(context, ksef, { session, failure: status.failure })
  context.streaks.end(streakOf(session))
  const { code } = status.value.status
  const { outcome } = meaningOfSessionStatus(code)
  const unsettled = outcome === 'pending' || (outcome === 'unknown' && !isOver(context, session))
  if (!unsettled)
    return takeVerdict(context, ksef, { session: sinceVerdict(session, code), status: status.value })
  return isOverdue(context, session) ? vanished(context, session) : lookAgain(context, session)
}

type Found = { session: Known; status: SessionStatus }

async function takeVerdict(context: DeliveryContext, ksef: CompanyKsef, found: Found): Promise<void> {
  const { session, status } = found
  if (session.kind === 'batch') {
    const again = await takeResults(context, ksef, found)
    if (again !== null) return (again.looked ? postpone : postponeUnasked)(context, session, again.at)
  }
  const pages = lacksPages(found) ? null : await fetchUpoPages(context, ksef, found)
  if (pages === null) return lookAgain(context, session)
  if (session.kind === 'batch') await storeReceipts(context, session, pages)
  return conclude(context, session, { code: status.status.code, pages })
}

const lookAgain = (context: DeliveryContext, session: Known): Promise<void> =>
  postpone(context, session, addSeconds(context.now(), waitAt(context.timing.pollSeconds, session.polls)))

/** A package without a verdict for so long is a person's to look at, as a single invoice is. */
const isOverdue = (context: DeliveryContext, { kind, validUntil }: Session): boolean =>
  kind === 'batch' &&
  validUntil !== null &&
  addSeconds(validUntil, context.timing.giveUpSeconds) <= context.now()

/** How long KSeF took to its verdict says nothing of how long its lists and receipts lag: looks are counted from there. */
const sinceVerdict = (session: Known, code: number): Known =>
  session.ksefStatusCode === code ? session : { ...session, ksefStatusCode: code, polls: 0 }

/** A receipt may come a little after the verdicts; its invoices fetch their own when it does not come at all. */
const LOOKS_AT_RECEIPT = 6

const lacksPages = ({ session, status }: Found): boolean =>
  status.upoPages.length === 0 && (status.successfulInvoiceCount ?? 0) > 0 && session.polls < LOOKS_AT_RECEIPT

/** KSeF knows of no such session, or never comes to an end with it: what became of a package in it, only a person can find out. */
async function vanished(context: DeliveryContext, session: Known): Promise<void> {
  await context.db.withCompany(session.companyId, async (tx) => {
    const packed = await tx.packages.submissions(session.id, ['packed'])
    const ids = packed.map(({ id }) => id)
    if (ids.length > 0) await tx.packages.hold(session.id, ids, { code: 'KSEF_UNSETTLED' })
  })
  return conclude(context, session, { code: null, pages: [] })
}

async function conclude(
  context: DeliveryContext,
  session: Session,
  verdict: { code: number | null; pages: readonly Upo[] },
): Promise<void> {
  const now = context.now()
  await context.db.withCompany(session.companyId, async (tx) => {
    // Nothing is settled while an invoice of it waits: one that came back into it meanwhile is taken care of first.
    if ((await tx.packages.submissions(session.id, ['packed'])).length > 0) return
    const set = { nextPollAt: null, ksefStatusCode: verdict.code }
    if (!(await tx.sessions.move(session.id, { from: 'closed', to: 'settled', set }))) return
    if (session.kind === 'batch') await tx.packages.fetchOwnReceipts(session.id)
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
      const { id, fence } = lost
      await tx.submissions.touch(id, { state: 'lost', fence, set: { nextPollAt: now } })
    }
  })
  const upoPages = verdict.pages.length
  context.log.info({ sessionId: session.id, ksefCode: verdict.code, upoPages }, 'delivery.session-settled')
}

/** By their links, which spend no limit, else through the API. Null when a page could not be fetched now. */
async function fetchUpoPages(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, status }: Found,
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
  const { id, ksefStatusCode, polls } = session
  await context.db.withCompany(session.companyId, (tx) =>
    tx.sessions.touch(id, { nextPollAt: until, polls: polls + 1, ksefStatusCode }),
  )
}

/** KSeF could not be asked, which is no look. */
async function postponeUnasked(context: DeliveryContext, session: Session, until: Date): Promise<void> {
  const { id, ksefStatusCode, polls } = session
  await context.db.withCompany(session.companyId, (tx) =>
    tx.sessions.touch(id, { nextPollAt: until, polls, ksefStatusCode }),
  )
}

const streakOf = ({ id }: Session): string => `finish ${id}`

async function unanswered(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, failure }: { session: Session; failure: KsefFailure },
): Promise<void> {
  const tries = isHeldBack(failure) ? 0 : context.streaks.add(streakOf(session))
  await postponeUnasked(context, session, await recordFailure(context, ksef, { failure, tries }))
}
