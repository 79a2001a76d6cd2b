import type { SessionInvoice } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { type Failing, failIntegration } from '../integrations/fail-integration.ts'
import type { CompanyTransaction } from '../stores.ts'
import {
  type Submission,
  type SubmissionChange,
  type SubmissionReason,
  traceIdOf,
} from '../submissions/submission.ts'
import {
  type AfterStatus,
  afterStatus,
  LOOKS_MAX,
  numberFor,
  RESENDS_MAX,
  reasonOf,
  sinceSaid,
} from './after-status.ts'
import { recordFailure } from './company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from './delivery-context.ts'
import { type DuplicateVerdict, resolveDuplicate } from './resolve-duplicate.ts'

/** By the schedule of polls about two minutes. */
const LATE_POLLS = 8

type Verdict = Exclude<AfterStatus, { to: 'resolve-duplicate' }>

/**
 * Moves a sent submission to where KSeF's word on it leads; a duplicate is examined first.
 *
 * @param mayAsk false when KSeF has just failed: then a duplicate waits, and no call is made.
 * @returns false when KSeF failed, and no further call is to be made now.
 */
export async function applyVerdict(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { submission: asked, seen, mayAsk }: { submission: Submission; seen: SessionInvoice; mayAsk: boolean },
): Promise<boolean> {
  const submission = sinceSaid(asked, seen)
  const after = afterStatus(submission, seen)
  let verdict: Verdict | null = null
  if (after.to !== 'resolve-duplicate') verdict = after
  else if (mayAsk) {
    const original = { ksefNumber: after.originalKsefNumber, session: after.originalSession }
    verdict = await examine(context, ksef, { submission, seen, original })
  }
  await context.db.withCompany(submission.companyId, (tx) =>
    record(context, tx, { submission, verdict: verdict ?? { to: 'wait' }, seen }),
  )
  if (verdict !== null && verdict.to !== 'wait') {
    context.log.info(
      {
        submissionId: submission.id,
        traceId: traceIdOf(submission),
        state: verdict.to,
        ksefCode: seen.status.code,
      },
      'delivery.verdict',
    )
  }
  return verdict !== null
}

async function examine(
  context: DeliveryContext,
  ksef: CompanyKsef,
  found: {
    submission: Submission
    seen: SessionInvoice
    original: { ksefNumber: string | null; session: string | null }
  },
): Promise<Verdict | null> {
  const duplicate = await resolveDuplicate(context, ksef, found)
  if (duplicate.is !== 'unknown-yet') return verdictOn(duplicate, found)
  await recordFailure(context, ksef, { failure: duplicate.failure, tries: found.submission.polls })
  return null
}

function verdictOn(
  duplicate: Exclude<DuplicateVerdict, { is: 'unknown-yet' }>,
  { submission, seen }: { submission: Submission; seen: SessionInvoice },
): Verdict {
  const original = duplicate.ksefNumber === null ? {} : { originalKsefNumber: duplicate.ksefNumber }
  const unverified: Verdict = {
    to: 'held',
    reason: { ...reasonOf('KSEF_DUPLICATE_UNVERIFIED', seen), ...original },
  }
  switch (duplicate.is) {
    case 'ours': {
      const { is: _ours, at, ...registered } = duplicate
      if (numberFor(submission, registered.ksefNumber) === null)
        return { to: 'held', reason: { ...reasonOf('KSEF_UNKNOWN_ANSWER', seen), ...original } }
      return { to: 'registered', ...registered, ...(at === null ? {} : { at }) }
    }
    case 'another':
      return { to: 'rejected', reason: { ...reasonOf('KSEF_DUPLICATE', seen), ...original } }
    case 'unseen':
      // Seconds at most for one that races; an original that stays away is for a person.
      return submission.polls < LOOKS_MAX ? { to: 'wait' } : unverified
    case 'unverifiable':
      return unverified
  }
}

async function record(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, verdict, seen }: { submission: Submission; verdict: Verdict; seen: SessionInvoice },
): Promise<void> {
  if (verdict.to === 'wait') return waitLonger(context, tx, { submission, seen })
  const { id, fence, sessionId } = submission
  if (verdict.to === 'held' && verdict.reason.code === 'KSEF_PERMISSION_MISSING') {
    await holdForPermission(context, tx, { submission, reason: verdict.reason })
  } else if (verdict.to === 'pending') {
    await sendAgain(context, tx, { submission, said: reasonOf('DELIVERY_TRIES_AGAIN', seen) })
  } else {
    const set = { ...changeFor(context, verdict), ...(await placeOf(tx, verdict)) }
    // The fence tells this sending from a later one: a worker that slept must not judge that by what it saw of this.
    await tx.submissions.move(id, { from: 'sent', to: verdict.to, fence, set })
  }
  const mayComeAgain = verdict.to === 'pending' || verdict.to === 'held'
  if (!mayComeAgain || sessionId === null) return
  await tx.sessions.move(sessionId, { from: 'open', to: 'closing', set: { nextPollAt: context.now() } })
}

/**
 * A sent submission that KSeF did not register goes again, after a wait; taken too often, it is held for the reason.
 * Never into the session that lists it already.
 */
export async function sendAgain(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, said }: { submission: Submission; said: SubmissionReason },
): Promise<void> {
  const { id, fence, attempts } = submission
  if (await isTakenTooOften(tx, submission)) {
    const reason: SubmissionReason = { ...said, code: 'DELIVERY_KEEPS_FAILING' }
    await tx.submissions.move(id, { from: 'sent', to: 'held', fence, set: { reason, nextPollAt: null } })
    return
  }
  const nextAttemptAt = addSeconds(context.now(), waitAt(context.timing.retrySeconds, attempts))
  await tx.submissions.move(id, {
    from: 'sent',
    to: 'pending',
    fence,
    set: { nextAttemptAt, nextPollAt: null, reason: said },
  })
}

/**
 * Status 410: the context's permission is gone although the token still opened it, so that everything that waits is held
 * with it, and the verification says at once whether it is so. Is the permission there after all, then the invoice goes
 * out again with the others; taken too often, only a person lets it go.
 */
async function holdForPermission(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, reason }: { submission: Submission; reason: SubmissionReason },
): Promise<void> {
  const { id, fence } = submission
  const hopeless = await isTakenTooOften(tx, submission)
  const said: SubmissionReason = hopeless ? { ...reason, code: 'DELIVERY_KEEPS_FAILING' } : reason
  const moved = await tx.submissions.move(id, {
    from: 'sent',
    to: 'held',
    fence,
    set: { reason: said, nextPollAt: null },
  })
  const integration = await tx.integrations.current(context.environment)
  if (!moved || hopeless || integration === null) return
  const description = reason.description === undefined ? {} : { description: reason.description }
  const why: Failing = { code: 'KSEF_PERMISSION_MISSING', ...description, verifyAt: context.now() }
  await failIntegration(context, tx, { integration, from: ['active'], why })
}

async function isTakenTooOften(tx: CompanyTransaction, { id }: Submission): Promise<boolean> {
  const attempts = await tx.attempts.list(id)
  return attempts.filter(({ outcome }) => outcome !== 'not-done').length >= RESENDS_MAX
}

/** An invoice found in another session of ours has its receipt there. */
async function placeOf(
  tx: CompanyTransaction,
  verdict: Verdict,
): Promise<Pick<SubmissionChange, 'sessionId' | 'referenceNumber'>> {
  if (verdict.to !== 'registered' || verdict.at === undefined) return {}
  const session = await tx.sessions.findByReference(verdict.at.session)
  return session === null ? {} : { sessionId: session.id, referenceNumber: verdict.at.referenceNumber }
}

function changeFor(
  context: DeliveryContext,
  verdict: Exclude<Verdict, { to: 'wait' | 'pending' }>,
): SubmissionChange {
  const now = context.now()
  switch (verdict.to) {
    case 'registered':
      return {
        ksefNumber: verdict.ksefNumber,
        invoicingMode: verdict.invoicingMode,
        upoDownloadUrl: verdict.upoDownloadUrl,
        registeredAt: now,
        reason: null,
        nextPollAt: now,
        polls: 0,
      }
    case 'rejected':
    case 'held':
      return { reason: verdict.reason, nextPollAt: null }
  }
}

/** Polls again later, with growing waits. */
async function waitLonger(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, seen }: { submission: Submission; seen: SessionInvoice },
): Promise<void> {
  const seconds = waitAt(context.timing.pollSeconds, submission.polls + 1)
  const until = addSeconds(context.now(), seconds)
  await waitUntil(context, tx, { submission, until, said: reasonOf('KSEF_PROCESSING', seen) })
}

/**
 * Polls or searches again then. After `giveUpAt` a person looks, but nothing is ever sent again for slowness.
 *
 * @param submission sent or lost
 * @param said what KSeF says of a sent one, where it said something
 */
export async function waitUntil(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, until, said }: { submission: Submission; until: Date; said?: SubmissionReason },
): Promise<void> {
  const { id, state, polls, fence, giveUpAt } = submission
  const last = state === 'sent' ? (said ?? submission.reason) : null
  const now = context.now()
  if (giveUpAt !== null && giveUpAt <= now) {
    const set = { reason: { ...last, code: 'KSEF_UNSETTLED' as const }, nextPollAt: null }
    await tx.submissions.move(id, { from: state, to: 'held', fence, set })
    return
  }
  // A claim that ran out became lost without a deadline.
  const deadline = giveUpAt ?? addSeconds(now, context.timing.giveUpSeconds)
  const set = { nextPollAt: until, polls: polls + 1, giveUpAt: deadline, reason: whileSent(submission, last) }
  await tx.submissions.touch(id, { state, fence, set })
}

/** Nothing is said of a lost one, and of a sent one only what KSeF said, until its silence becomes worth a word. */
function whileSent(
  { state, polls }: Submission,
  last: SubmissionReason<string> | null,
): SubmissionReason | null {
  if (state !== 'sent') return null
  if (polls + 1 >= LATE_POLLS) return { ...last, code: 'KSEF_VERDICT_LATE' }
  return last === null ? null : { ...last, code: 'KSEF_PROCESSING' }
}
