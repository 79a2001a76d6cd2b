import { modeOfReceipt } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { isConflict } from '../database-failure.ts'
import { openAccess, recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { CompanyId, DocumentId, SubmissionId } from '../identifiers.ts'
import { type Submission, traceIdOf } from '../submissions/submission.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId, submissionId: SubmissionId })

/** Fetches the UPO of a registered invoice and stores it: the end of its way. */
export const storeUpo = defineJob({
  name: 'store-upo',
  queue: 'status',
  schema: Payload,
  key: ({ submissionId }) => `upo-${submissionId}`,
  async handler({ companyId, submissionId }, context) {
    const submission = await context.db.readCompany(companyId, (reads) => reads.submissions.get(submissionId))
    if (submission?.state !== 'registered') return
    const fetched = await fetchUpo(context, submission)
    if (fetched.ok) return store(context, submission, fetched.upo)
    const nextPollAt =
      fetched.until ?? addSeconds(context.now(), waitAt(context.timing.pollSeconds, submission.polls))
    await context.db.withCompany(companyId, (tx) =>
      tx.submissions.touch(submissionId, {
        state: 'registered',
        fence: submission.fence,
        set: { nextPollAt, polls: submission.polls + 1 },
      }),
    )
  },
})

type Upo = { xml: Uint8Array; hash: string }
type Fetched = { ok: true; upo: Upo } | { ok: false; until: Date | null }

/**
 * The pre-signed link first: it spends no limit. It expires, so the API's own way stands behind it; and an invoice that was
 * registered under an earlier sending has its receipt in that one's session.
 */
async function fetchUpo(context: DeliveryContext, submission: Submission): Promise<Fetched> {
  if (submission.upoDownloadUrl !== null) {
    const linked = await context.contexts.downloadUpo(submission, submission.upoDownloadUrl)
    if (linked.ok && isOf(submission, linked.value)) return { ok: true, upo: linked.value }
    const code = linked.ok ? 'UPO_OF_ANOTHER' : linked.failure.code
    context.log.warn({ submissionId: submission.id, code }, 'upo.link-failed')
  }
  const { companyId, sessionId, referenceNumber } = submission
  if (sessionId === null || referenceNumber === null) return { ok: false, until: null }
  const session = await context.db.readCompany(companyId, (reads) => reads.sessions.get(sessionId))
  if (session?.referenceNumber == null) return { ok: false, until: null }
  const opened = await openAccess(context, companyId, session)
  if (!opened.ok) return { ok: false, until: opened.until }
  const { ksef } = opened
  const asked = await ksef.upoOfInvoice(session.referenceNumber, referenceNumber)
  if (asked.ok && isOf(submission, asked.value)) return { ok: true, upo: asked.value }
  if (asked.ok) {
    context.log.error({ submissionId: submission.id, code: 'UPO_OF_ANOTHER' }, 'upo.refused')
    return { ok: false, until: null }
  }
  const { failure } = asked
  const original =
    failure.kind === 'refused'
      ? await fromOriginal(ksef, { submission, session: session.referenceNumber, referenceNumber })
      : null
  if (original !== null) return { ok: true, upo: original }
  const until = await recordFailure(context, ksef, { failure, tries: submission.polls })
  return { ok: false, until }
}

/** The receipt behind a duplicate: its status names the original's session, whose list carries a fresh link. */
async function fromOriginal(
  ksef: CompanyKsef,
  at: { submission: Submission; session: string; referenceNumber: string },
): Promise<Upo | null> {
  const duplicate = await ksef.invoiceStatus(at.session, at.referenceNumber)
  const originalSession = duplicate.ok ? duplicate.value.originalSessionReferenceNumber : undefined
  if (originalSession === undefined) return null
  const list = await ksef.sessionInvoices(originalSession)
  const link = list.ok
    ? list.value.find(({ ksefNumber }) => ksefNumber === at.submission.ksefNumber)?.upoDownloadUrl
    : undefined
  const upo = link === undefined ? null : await ksef.downloadUpo(link)
  return upo?.ok && isOf(at.submission, upo.value) ? upo.value : null
}

/** A receipt that does not name the invoice's KSeF number is another's, whoever mixed them up, and is never stored as its own. */
const isOf = ({ ksefNumber }: Submission, { xml }: Upo): boolean =>
  ksefNumber !== null && Buffer.from(xml).includes(`>${ksefNumber}<`)

async function store(context: DeliveryContext, submission: Submission, upo: Upo): Promise<void> {
  const { ksefNumber } = submission
  if (ksefNumber === null) throw new Error(`registered submission ${submission.id} without its KSeF number`)
  const id = DocumentId.parse(context.newId())
  // Of a duplicate whose original only its document showed, the receipt is the first that tells.
  const invoicingMode = submission.invoicingMode ?? modeOfReceipt(upo.xml)
  try {
    await context.db.withCompany(submission.companyId, async (tx) => {
      await tx.documents.insert({
        id,
        environment: submission.environment,
        direction: 'outgoing',
        kind: 'upo',
        hash: upo.hash,
        content: upo.xml,
        ksefNumber,
      })
      await tx.submissions.move(submission.id, {
        from: 'registered',
        to: 'receipted',
        set: { upoDocumentId: id, invoicingMode, upoDownloadUrl: null, nextPollAt: null },
      })
    })
  } catch (error) {
    if (!isConflict(error)) throw error
    return // another worker stored it a moment before
  }
  context.log.info(
    { submissionId: submission.id, traceId: traceIdOf(submission), bytes: upo.xml.byteLength },
    'delivery.receipted',
  )
}
