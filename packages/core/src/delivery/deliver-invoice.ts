import { encryptInvoice, type Result, type SendOptions, sha256Base64 } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { type Submission, type SubmissionChange, traceIdOf } from '../submissions/submission.ts'
import { isHeldBack } from './after-failure.ts'
import { type AfterSend, afterSend, isRefusalOfSession } from './after-send.ts'
import { recordFailure } from './company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from './delivery-context.ts'
import type { OpenSession } from './sending-session.ts'
import { waitToSend } from './wait-to-send.ts'

/**
 * Sends one claimed submission into an open session: intent first, then one POST, then its outcome. A crash at any line
 * leaves a claim whose lease ends; with an attempt begun it becomes lost and is searched for, else it is pending again.
 *
 * @returns whether the session and the context still take invoices.
 */
export async function deliverInvoice(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { submission, open }: { submission: Submission; open: OpenSession },
): Promise<boolean> {
  const { companyId } = ksef
  const document = await context.db.readCompany(companyId, (reads) =>
    reads.documents.get(submission.documentId),
  )
  if (document === null || sha256Base64(document.content) !== submission.invoiceHash) {
    await unclaim(context, submission, { to: 'held', reason: { code: 'DOCUMENT_CORRUPT' } })
    context.log.error({ submissionId: submission.id }, 'delivery.document-corrupt')
    return true
  }
  const invoice = encryptInvoice(document.content, open.key)

  const number = await context.db.withCompany(companyId, (tx) =>
    tx.attempts.begin({
      submissionId: submission.id,
      sessionId: open.session.id,
      fence: submission.fence,
      invoiceHash: submission.invoiceHash,
      leaseSeconds: context.timing.claimLeaseSeconds,
    }),
  )
  if (number === null) {
    // The session was closed under us, or the claim is no longer ours; in that case the move finds nothing.
    await unclaim(context, submission, { to: 'pending', nextAttemptAt: context.now() })
    return false
  }
  const result = await ksef.sendEncrypted(open.session.referenceNumber, {
    ...invoice,
    ...declarationOf(submission),
  })
  const after = afterSend(result, await refusalsOf(context, submission, result))
  const streak = `send ${ksef.integration.id}`
  if (result.ok) {
    context.streaks.end(streak)
    await settle(context, { submission, number, after, open, retryAt: null })
    return true
  }
  const { failure } = result
  const tries = isHeldBack(failure) ? 0 : context.streaks.add(streak)
  const until = await recordFailure(context, ksef, { failure, tries })
  // That a session takes no more is normal once; when the next one does not either, something is wrong.
  const goesOn = after.to === 'pending' && after.leaveSession && tries === 0
  const retryAt = goesOn ? null : until
  await settle(context, { submission, number, after, open, retryAt })
  if (retryAt === null) return true
  await waitToSend(context, ksef, { failure, until: retryAt })
  return false
}

/** What KSeF is told of how the invoice was issued. */
const declarationOf = ({ offlineMode, correctsHash }: Submission): SendOptions => ({
  ...(offlineMode === null ? {} : { offlineMode: true }),
  ...(correctsHash === null ? {} : { hashOfCorrectedInvoice: correctsHash }),
})

/** Only sessions refuse again and again; a connection that failed a hundred times is no reason to give up. */
async function refusalsOf(
  context: DeliveryContext,
  { companyId, id }: Submission,
  result: Result<unknown>,
): Promise<number> {
  if (result.ok || result.failure.kind !== 'refused') return 0
  const attempts = await context.db.readCompany(companyId, (reads) => reads.attempts.list(id))
  return attempts.filter(({ code }) => isRefusalOfSession(code)).length + 1
}

const leavesSession = (after: AfterSend): boolean => after.to === 'pending' && after.leaveSession

async function settle(
  context: DeliveryContext,
  at: { submission: Submission; number: number; after: AfterSend; open: OpenSession; retryAt: Date | null },
): Promise<void> {
  const { submission, number, after, open } = at
  const now = context.now()
  await context.db.withCompany(submission.companyId, async (tx) => {
    await tx.attempts.end(submission.id, number, {
      outcome: outcomeOf(after),
      ...(after.to === 'sent' ? {} : { code: after.code }),
    })
    const moved = await tx.submissions.move(submission.id, {
      from: 'claimed',
      to: after.to,
      fence: submission.fence,
      set: changeAfter(context, after, at.retryAt ?? now),
    })
    if (moved) await tx.sessions.touch(open.session.id, { lastUsedAt: now })
    else
      context.log.warn({ submissionId: submission.id, fence: submission.fence }, 'delivery.claim-fenced-off')
    if (leavesSession(after)) {
      await tx.sessions.move(open.session.id, { from: 'open', to: 'closing', set: { nextPollAt: now } })
    }
  })
  context.log.info(
    { submissionId: submission.id, traceId: traceIdOf(submission), attempt: number, state: after.to },
    'delivery.attempt-ended',
  )
}

/** A code nobody knows says nothing of what became of the bytes. */
function outcomeOf(after: AfterSend): 'done' | 'not-done' | 'unknown' {
  if (after.to === 'sent') return 'done'
  return after.to === 'lost' || after.code === 'KSEF_UNKNOWN_CODE' ? 'unknown' : 'not-done'
}

function changeAfter(context: DeliveryContext, after: AfterSend, retryAt: Date): SubmissionChange {
  const now = context.now()
  const giveUpAt = addSeconds(now, context.timing.giveUpSeconds)
  switch (after.to) {
    case 'sent': {
      const nextPollAt = addSeconds(now, waitAt(context.timing.pollSeconds, 0))
      return { referenceNumber: after.referenceNumber, nextPollAt, polls: 0, giveUpAt, leaseUntil: null }
    }
    case 'lost':
      return {
        nextPollAt: addSeconds(now, waitAt(context.timing.searchSeconds, 0)),
        polls: 0,
        giveUpAt,
        leaseUntil: null,
      }
    case 'pending':
      return { nextAttemptAt: retryAt, reason: after.reason, leaseUntil: null }
    case 'held':
      return { reason: after.reason, leaseUntil: null }
  }
}

async function unclaim(
  context: DeliveryContext,
  submission: Submission,
  { to, ...set }: { to: 'pending' | 'held' } & SubmissionChange,
): Promise<void> {
  const moved = await context.db.withCompany(submission.companyId, (tx) =>
    tx.submissions.move(submission.id, {
      from: 'claimed',
      to,
      fence: submission.fence,
      set: { ...set, leaseUntil: null },
    }),
  )
  if (!moved) tellFencedOff(context, submission)
}

const tellFencedOff = (context: DeliveryContext, { id, fence }: Submission): void =>
  context.log.warn({ submissionId: id, fence }, 'delivery.claim-fenced-off')
