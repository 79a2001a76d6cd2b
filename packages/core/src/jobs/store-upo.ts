import { z } from 'zod'
import { openAccess, recordFailure } from '../delivery/company-access.ts'
import { addSeconds, type DeliveryContext, waitAt } from '../delivery/delivery-context.ts'
import { CompanyId, DocumentId, SubmissionId } from '../identifiers.ts'
import { isConflict } from '../stores.ts'
import type { Submission } from '../submissions/submission.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId, submissionId: SubmissionId })

/** Fetches the UPO of a registered invoice and stores it: the end of its way. */
export const storeUpo = defineJob({
  name: 'store-upo',
  queue: 'status',
  schema: Payload,
  key: ({ submissionId }) => `upo-${submissionId}`,
  async handler({ companyId, submissionId }, context) {
    const submission = await context.db.withCompany(companyId, (tx) => tx.submissions.get(submissionId))
    if (submission?.state !== 'registered') return
    const fetched = await fetchUpo(context, submission)
    if (fetched.ok) return store(context, submission, fetched.upo)
    const nextPollAt =
      fetched.until ?? addSeconds(context.now(), waitAt(context.timing.pollSeconds, submission.polls))
    await context.db.withCompany(companyId, (tx) =>
      tx.submissions.touch(submissionId, {
        state: 'registered',
        set: { nextPollAt, polls: submission.polls + 1 },
      }),
    )
  },
})

type Upo = { xml: Uint8Array; hash: string }
type Fetched = { ok: true; upo: Upo } | { ok: false; until: Date | null }

/** The pre-signed link first: it spends no limit. It expires, so the API's own way stands behind it. */
async function fetchUpo(context: DeliveryContext, submission: Submission): Promise<Fetched> {
  if (submission.upoDownloadUrl !== null) {
    const linked = await context.ksef.upo.download(submission.upoDownloadUrl)
    if (linked.ok) return { ok: true, upo: linked.value }
    context.log.warn({ submissionId: submission.id, code: linked.failure.code }, 'upo.link-failed')
  }
  const { companyId, sessionId, referenceNumber } = submission
  if (sessionId === null || referenceNumber === null) return { ok: false, until: null }
  const opened = await openAccess(context, companyId)
  if (!opened.ok) return { ok: false, until: opened.until }
  const session = await context.db.withCompany(companyId, (tx) => tx.sessions.get(sessionId))
  if (session?.referenceNumber == null) return { ok: false, until: null }
  const asked = await context.ksef.upo.ofInvoice(
    opened.access.token,
    session.referenceNumber,
    referenceNumber,
  )
  if (asked.ok) return { ok: true, upo: asked.value }
  return {
    ok: false,
    until: await recordFailure(context, opened.access, { failure: asked.failure, tries: submission.polls }),
  }
}

async function store(context: DeliveryContext, submission: Submission, upo: Upo): Promise<void> {
  const { ksefNumber } = submission
  if (ksefNumber === null) throw new Error(`registered submission ${submission.id} without its KSeF number`)
  const id = DocumentId.parse(context.newId())
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
        set: { upoDocumentId: id, upoDownloadUrl: null, nextPollAt: null },
      })
    })
  } catch (error) {
    if (!isConflict(error)) throw error
    return // another worker stored it a moment before
  }
  context.log.info({ submissionId: submission.id, bytes: upo.xml.byteLength }, 'delivery.receipted')
}
