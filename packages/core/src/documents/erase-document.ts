import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CompanyId, DocumentId } from '../identifiers.ts'
import { isSettled } from '../submissions/submission.ts'

/** The one name under which a document's erasure stands in the audit log; the database asks for it. */
export const ERASURE = 'document.erase'

/**
 * Erases an invoice and its UPO for good, before their time: what was read of them, also where events tell it, and the bytes.
 * Hash and KSeF number stay, so that it is neither fetched again nor sent twice. The entry in the company's audit log is written in the same
 * transaction; without it the database refuses. Erasing what is erased changes nothing.
 *
 * @param request.reason why, in the administrator's words
 * @throws FleetError NOT_FOUND, DOCUMENT_UNSETTLED
 */
export async function eraseDocument(
  deps: Pick<CoreDependencies, 'db'>,
  request: {
    companyId: CompanyId
    documentId: DocumentId
    actor: string
    reason: string
    requestId?: string
  },
): Promise<void> {
  const { companyId, documentId, actor, reason, requestId } = request
  await deps.db.readCompany(companyId, async (reads) => {
    const header = await reads.documents.header(documentId)
    if (header === null) throw new FleetError('NOT_FOUND')
    const submission = header.submissionId === null ? null : await reads.submissions.get(header.submissionId)
    if (submission !== null && !isSettled(submission.state))
      throw new FleetError('DOCUMENT_UNSETTLED', { detail: `The invoice is ${submission.state}.` })
  })
  await deps.db.asSystem('erase-documents', async (tx) => {
    const [erased] = await tx.documents.erase([{ companyId, documentId }])
    if (erased === undefined) return
    await tx.audit.appendFor([
      {
        companyId,
        at: await tx.present(),
        actor,
        action: ERASURE,
        subject: documentId,
        outcome: 'ok',
        ...(requestId === undefined ? {} : { requestId }),
        details: { reason, kind: 'request' },
      },
    ])
  })
}

/**
 * Erases, of any company, what is kept long enough: documents whose invoice was issued more than `years` calendar years
 * ago, counted from the end of its year; of unknown date, from the end of the year it came in. What is still on its way
 * stays, whatever its age. Each has its entry in its company's audit log.
 *
 * @param keep.limit at most so many at once
 * @returns how many were erased
 */
export const eraseKept = (
  deps: Pick<CoreDependencies, 'db'>,
  keep: { years: number; limit: number },
): Promise<number> =>
  deps.db.asSystem('erase-documents', async (tx) => {
    const at = await tx.present()
    const before = `${at.getUTCFullYear() - keep.years}-01-01`
    const erased = await tx.documents.erase(await tx.documents.keptSince(before, keep.limit))
    await tx.audit.appendFor(
      erased.map(({ companyId, documentId }) => ({
        companyId,
        at,
        actor: 'worker',
        action: ERASURE,
        subject: documentId,
        outcome: 'ok' as const,
        details: { reason: `kept for ${keep.years} years`, kind: 'retention' },
      })),
    )
    return erased.length
  })
