import { meaningOfSessionStatus, type SessionInvoice } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { isHeldBack } from '../delivery/after-failure.ts'
import { isWhole } from '../delivery/after-search.ts'
import { applyVerdict, sendAgain, waitUntil } from '../delivery/apply-verdict.ts'
import { openAccess, recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, isDue, waitAt } from '../delivery/delivery-context.ts'
import { eachByItself } from '../delivery/each-by-itself.ts'
import { rememberLists } from '../delivery/remember-lists.ts'
import { searchLost } from '../delivery/search-lost.ts'
import type { Session } from '../delivery/session.ts'
import { CompanyId, SessionId } from '../identifiers.ts'
import type { Submission, SubmissionReason } from '../submissions/submission.ts'
import { defineJob } from './define-job.ts'

/** Up to so many invoices are asked for one by one (1,200 an hour); more of them by the session's list (200 an hour). */
const SINGLES_MAX = 4
/** A session's own verdict is asked for once its invoices have been silent this often, some three seconds. */
const SILENT_POLLS = 8

const Payload = z.object({ companyId: CompanyId, sessionId: SessionId })

/** Asks KSeF what became of a session's sent invoices, and searches for its lost ones. */
export const pollSession = defineJob({
  name: 'poll-session',
  queue: 'status',
  schema: Payload,
  key: ({ sessionId }) => `poll-${sessionId}`,
  async handler({ companyId, sessionId }, context) {
    const { session, waiting } = await context.db.readCompany(companyId, async (reads) => ({
      session: await reads.sessions.get(sessionId),
      waiting: await reads.submissions.ofSession(sessionId, ['sent', 'lost']),
    }))
    const now = context.now()
    const due = waiting.filter(({ nextPollAt }) => isDue(nextPollAt, now))
    if (session?.referenceNumber == null || due.length === 0) return
    const opened = await openAccess(context, companyId, session)
    if (!opened.ok) return postponeUnasked(context, due, opened.until)
    const known = { ...session, referenceNumber: session.referenceNumber }
    await look(context, opened.ksef, { session: known, due })
  },
})

type Known = Session & { referenceNumber: string }

async function look(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, due }: { session: Known; due: readonly Submission[] },
): Promise<void> {
  const seen = await fetchSeen(ksef, { session, due })
  if (!seen.ok) {
    const tries = Math.min(...due.map((submission) => submission.polls))
    if (isHeldBack(seen.failure))
      return postponeUnasked(context, due, await recordFailure(context, ksef, { failure: seen.failure }))
    return postpone(context, due, await recordFailure(context, ksef, { failure: seen.failure, tries }))
  }
  const list = [...seen.value.values()]
  const lost = due.filter(({ state }) => state === 'lost')
  const whole = lost.length > 0 ? await isSettled(context, ksef, { session, listed: list.length }) : false
  const unsearched = await eachByItself(context, lost, (submission) =>
    searchLost(context, submission, { session, list, settled: whole === true }),
  )
  const sent = due.filter(({ state }) => state === 'sent')
  const { answering, failed } = await judge(context, rememberLists(ksef), {
    sent,
    seen: seen.value,
    mayAsk: whole !== null,
  })
  if (answering && sent.some(({ polls }) => polls >= SILENT_POLLS)) await askSession(context, ksef, session)
  const first = unsearched ?? failed
  if (first !== null) throw first.error
}

/** Answers until KSeF fails: from there on no further call is to be made. */
async function judge(
  context: DeliveryContext,
  ksef: CompanyKsef,
  judged: { sent: readonly Submission[]; seen: ReadonlyMap<string, SessionInvoice>; mayAsk: boolean },
): Promise<{ answering: boolean; failed: { error: unknown } | null }> {
  const { sent, seen } = judged
  let { mayAsk } = judged
  const failed = await eachByItself(context, sent, async (submission) => {
    const entry = submission.referenceNumber === null ? undefined : seen.get(submission.referenceNumber)
    if (entry === undefined) return postpone(context, [submission], notListedUntil(context, submission))
    mayAsk = (await applyVerdict(context, ksef, { submission, seen: entry, mayAsk })) && mayAsk
  })
  return { answering: mayAsk && !context.signal.aborted, failed }
}

/**
 * Whether what is missing in a session's list certainly never arrived: the session was settled before the list was
 * fetched, and the list is whole. Null when KSeF failed.
 */
async function isSettled(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { session, listed }: { session: Known; listed: number },
): Promise<boolean | null> {
  if (session.state !== 'settled') return false
  const status = await ksef.sessionStatus(session.referenceNumber)
  if (status.ok) return isWhole(status.value, listed)
  await recordFailure(context, ksef, { failure: status.failure })
  return null
}

/** What KSeF says of the due invoices, by their reference number. */
async function fetchSeen(
  ksef: CompanyKsef,
  { session, due }: { session: Known; due: readonly Submission[] },
) {
  const seen = new Map<string, SessionInvoice>()
  const singly = due.length <= SINGLES_MAX && due.every((submission) => submission.state === 'sent')
  if (!singly) {
    const list = await ksef.sessionInvoices(session.referenceNumber)
    if (!list.ok) return list
    for (const invoice of list.value) seen.set(invoice.referenceNumber, invoice)
    return { ok: true as const, value: seen }
  }
  for (const { referenceNumber } of due) {
    if (referenceNumber === null) continue
    const one = await ksef.invoiceStatus(session.referenceNumber, referenceNumber)
    // Refused is this one invoice: the others are asked for all the same, and it waits by itself.
    if (!one.ok && one.failure.kind !== 'refused') return one
    if (one.ok) seen.set(referenceNumber, one.value)
  }
  return { ok: true as const, value: seen }
}

/**
 * A session whose key KSeF could not open (415) leaves its invoices without a verdict of their own. They were not
 * registered, and go again in a new session.
 */
async function askSession(context: DeliveryContext, ksef: CompanyKsef, session: Known): Promise<void> {
  const status = await ksef.sessionStatus(session.referenceNumber)
  if (!status.ok) {
    await recordFailure(context, ksef, { failure: status.failure })
    return
  }
  const { code, description } = status.value.status
  const meaning = meaningOfSessionStatus(code)
  if (meaning.again !== 'new-key') return
  context.log.error({ sessionId: session.id, ksefCode: code }, 'delivery.session-failed')
  const said: SubmissionReason = {
    code: 'DELIVERY_TRIES_AGAIN',
    ksefCode: code,
    ksefResource: 'session',
    ...(description === undefined ? {} : { description }),
  }
  await context.db.withCompany(ksef.companyId, async (tx) => {
    await tx.sessions.move(session.id, {
      from: 'open',
      to: 'closing',
      set: { nextPollAt: context.now(), ksefStatusCode: code },
    })
    for (const submission of await tx.submissions.ofSession(session.id, ['sent'])) {
      await sendAgain(context, tx, { submission, said })
    }
  })
}

/** An invoice KSeF gave a reference for is missing in its answer: its lists may lag. */
const notListedUntil = (context: DeliveryContext, { polls }: Submission): Date =>
  addSeconds(context.now(), waitAt(context.timing.pollSeconds, polls + 1))

async function postpone(context: DeliveryContext, due: readonly Submission[], until: Date): Promise<void> {
  const [first] = due
  if (first === undefined) return
  await context.db.withCompany(first.companyId, async (tx) => {
    for (const submission of due) await waitUntil(context, tx, { submission, until })
  })
}

/** KSeF could not even be asked, so no deadline passes. */
async function postponeUnasked(
  context: DeliveryContext,
  due: readonly Submission[],
  until: Date,
): Promise<void> {
  const [first] = due
  if (first === undefined) return
  await context.db.withCompany(first.companyId, async (tx) => {
    for (const { id, state, fence } of due)
      await tx.submissions.touch(id, { state, fence, set: { nextPollAt: until } })
  })
}
