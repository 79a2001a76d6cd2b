import type { SessionInvoice } from '@ksef-fleet/ksef'
import type { CompanyTransaction } from '../stores.ts'
import type { Submission, SubmissionChange } from '../submissions/submission.ts'
import { type AfterStatus, afterStatus, reasonOf } from './after-status.ts'
import { type CompanyAccess, recordFailure } from './company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from './delivery-context.ts'
import { type DuplicateVerdict, resolveDuplicate } from './resolve-duplicate.ts'

type Verdict = Exclude<AfterStatus, { to: 'resolve-duplicate' }>

/** Moves a sent submission to where KSeF's word on it leads; a duplicate is examined first. */
export async function applyVerdict(
  context: DeliveryContext,
  access: CompanyAccess,
  { submission, seen }: { submission: Submission; seen: SessionInvoice },
): Promise<void> {
  const after = afterStatus(submission, seen)
  const verdict =
    after.to === 'resolve-duplicate'
      ? await examine(context, access, {
          submission,
          seen,
          original: { ksefNumber: after.originalKsefNumber, session: after.originalSession },
        })
      : after
  await context.db.withCompany(submission.companyId, (tx) => record(context, tx, { submission, verdict }))
  if (verdict.to !== 'wait') {
    context.log.info(
      { submissionId: submission.id, state: verdict.to, ksefCode: seen.status.code },
      'delivery.verdict',
    )
  }
}

async function examine(
  context: DeliveryContext,
  access: CompanyAccess,
  found: {
    submission: Submission
    seen: SessionInvoice
    original: { ksefNumber: string | null; session: string | null }
  },
): Promise<Verdict> {
  const duplicate = await resolveDuplicate(context, access, found)
  if (duplicate.is === 'unknown-yet') {
    await recordFailure(context, access, { failure: duplicate.failure, tries: found.submission.polls })
    return { to: 'wait' }
  }
  return verdictOn(duplicate, found.seen)
}

function verdictOn(
  duplicate: Exclude<DuplicateVerdict, { is: 'unknown-yet' }>,
  seen: SessionInvoice,
): Verdict {
  const original = duplicate.ksefNumber === null ? {} : { originalKsefNumber: duplicate.ksefNumber }
  switch (duplicate.is) {
    case 'ours':
      return { to: 'registered', ksefNumber: duplicate.ksefNumber, upoDownloadUrl: duplicate.upoDownloadUrl }
    case 'another':
      return { to: 'rejected', reason: { ...reasonOf('KSEF_DUPLICATE', seen), ...original } }
    case 'unverifiable':
      return { to: 'held', reason: { ...reasonOf('KSEF_DUPLICATE_UNVERIFIED', seen), ...original } }
  }
}

async function record(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, verdict }: { submission: Submission; verdict: Verdict },
): Promise<void> {
  if (verdict.to === 'wait') return waitLonger(context, tx, submission)
  await tx.submissions.move(submission.id, {
    from: 'sent',
    to: verdict.to,
    set: changeFor(context, submission, verdict),
  })
}

function changeFor(
  context: DeliveryContext,
  submission: Submission,
  verdict: Exclude<Verdict, { to: 'wait' }>,
): SubmissionChange {
  const now = context.now()
  switch (verdict.to) {
    case 'registered':
      return {
        ksefNumber: verdict.ksefNumber,
        upoDownloadUrl: verdict.upoDownloadUrl,
        registeredAt: now,
        nextPollAt: now,
        polls: 0,
      }
    case 'pending':
      return {
        nextAttemptAt: addSeconds(now, waitAt(context.timing.retrySeconds, submission.attempts)),
        nextPollAt: null,
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
  submission: Submission,
): Promise<void> {
  const seconds = waitAt(context.timing.pollSeconds, submission.polls + 1)
  await waitUntil(context, tx, { submission, until: addSeconds(context.now(), seconds) })
}

/**
 * Polls or searches again then. After `giveUpAt` a person looks, but nothing is ever sent again for slowness.
 *
 * @param submission sent or lost
 */
export async function waitUntil(
  context: DeliveryContext,
  tx: CompanyTransaction,
  { submission, until }: { submission: Submission; until: Date },
): Promise<void> {
  const { id, state, polls, giveUpAt } = submission
  if (giveUpAt !== null && giveUpAt <= context.now()) {
    const set = { reason: { code: 'KSEF_UNSETTLED' }, nextPollAt: null }
    await tx.submissions.move(id, { from: state, to: 'held', set })
    return
  }
  await tx.submissions.touch(id, { state, set: { nextPollAt: until, polls: polls + 1 } })
}
