/**
 * Status 440 says that seller, kind and number are registered already, not by what document. Only the hash tells whether
 * the original is this very invoice (ours, sent before an answer was lost) or another one. The hash is looked for in the
 * original's session list, else in its metadata, else at the document itself; where none may be read, a person decides.
 * A racing original has its number before any of the three shows it: what is not there yet is looked for again.
 */
import type { InvoicingMode, KsefFailure, Result } from '@ksef-fleet/ksef'
import type { CompanyKsef } from '../context/company-ksef.ts'
import type { Submission } from '../submissions/submission.ts'
import type { PlaceInKsef, RegisteredInKsef } from './after-status.ts'
import type { DeliveryContext } from './delivery-context.ts'
import { originalIn } from './original-document.ts'

/** Of a submission's own sessions, the latest so many are looked through. */
const OWN_SESSIONS_MAX = 3

export type Original = { ksefNumber: string | null; session: string | null }

export type DuplicateVerdict =
  | ({ is: 'ours'; at: PlaceInKsef | null } & RegisteredInKsef)
  | { is: 'another'; ksefNumber: string | null }
  /** May not be read. */
  | { is: 'unverifiable'; ksefNumber: string | null }
  /** Nowhere to be seen, or not yet. */
  | { is: 'unseen'; ksefNumber: string | null }
  /** KSeF could not be asked right now. */
  | { is: 'unknown-yet'; failure: KsefFailure }

export async function resolveDuplicate(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { submission, original }: { submission: Submission; original: Original },
): Promise<DuplicateVerdict> {
  const bySession = await fromSession(ksef, { submission, original })
  if (bySession !== null) return bySession
  const byOwn = await fromOwnSessions(context, ksef, { submission, original })
  if (byOwn !== null) return byOwn
  if (original.ksefNumber === null) return { is: 'unseen', ksefNumber: null }
  const found = await lookUp(ksef, { submission, ksefNumber: original.ksefNumber })
  if (!found.ok) {
    const { ksefNumber } = original
    if (found.failure.code === 'INVOICE_NOT_FOUND') return { is: 'unseen', ksefNumber }
    return found.failure.kind === 'forbidden'
      ? { is: 'unverifiable', ksefNumber }
      : { is: 'unknown-yet', failure: found.failure }
  }
  const { hash, invoicingMode } = found.value
  return hash === submission.invoiceHash
    ? { is: 'ours', ksefNumber: original.ksefNumber, invoicingMode, upoDownloadUrl: null, at: null }
    : { is: 'another', ksefNumber: original.ksefNumber }
}

/** The original session's own list, which also carries the link to the UPO. Null when it settles nothing. */
async function fromSession(
  ksef: CompanyKsef,
  { submission, original }: { submission: Submission; original: Original },
): Promise<DuplicateVerdict | null> {
  if (original.session === null) return null
  const list = await ksef.sessionInvoices(original.session)
  if (!list.ok) {
    // Another's session or a wrong reference (seen in the field for batches): the hash is looked for elsewhere.
    const settled = list.failure.kind === 'refused' || list.failure.kind === 'forbidden'
    return settled ? null : { is: 'unknown-yet', failure: list.failure }
  }
  const { invoiceHash } = submission
  const found = originalIn(list.value, { invoiceHash, ksefNumber: original.ksefNumber })
  if (found?.is !== 'ours') return found
  const { referenceNumber, ...ours } = found
  return { ...ours, at: { session: original.session, referenceNumber } }
}

/**
 * The sessions this very submission was sent into before: KSeF may name no original session, or a wrong one. Null when
 * they settle nothing.
 */
async function fromOwnSessions(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { submission, original }: { submission: Submission; original: Original },
): Promise<DuplicateVerdict | null> {
  const references = await context.db.withCompany(submission.companyId, async (tx) => {
    const attempts = await tx.attempts.list(submission.id)
    const ids = new Set(attempts.map(({ sessionId }) => sessionId))
    const sessions = await Promise.all([...ids].slice(-OWN_SESSIONS_MAX).map((id) => tx.sessions.get(id)))
    return sessions.flatMap((session) => session?.referenceNumber ?? [])
  })
  for (const session of references.filter((reference) => reference !== original.session)) {
    const verdict = await fromSession(ksef, { submission, original: { ...original, session } })
    if (verdict !== null) return verdict
  }
  return null
}

/** Hash of a registered invoice: from its metadata, which tell the mode too, else from the document. Both need `InvoiceRead`. */
async function lookUp(
  ksef: CompanyKsef,
  { submission, ksefNumber }: { submission: Submission; ksefNumber: string },
): Promise<Result<{ hash: string; invoicingMode: InvoicingMode | null }>> {
  const metadata = await ksef.listInvoices({
    subjectType: 'Subject1',
    dateRange: { dateType: 'Issue', from: new Date(`${submission.issueDate}T00:00:00Z`) },
    ksefNumber,
  })
  // Refused for its form, it leaves the document to be asked for; any other failure would only be repeated there.
  if (!metadata.ok && metadata.failure.kind !== 'refused') return metadata
  const listed = metadata.ok
    ? metadata.value.invoices.find((invoice) => invoice.ksefNumber === ksefNumber)
    : undefined
  if (listed !== undefined) {
    const { invoiceHash: hash, invoicingMode = null } = listed
    return { ok: true, value: { hash, invoicingMode } }
  }
  const document = await ksef.getInvoice(ksefNumber)
  return document.ok ? { ok: true, value: { hash: document.value.hash, invoicingMode: null } } : document
}
