import {
  PackageError,
  type PackedDocument,
  type PackedPackage,
  packInvoices,
  type SessionKey,
} from '@ksef-fleet/ksef'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { Session } from '../delivery/session.ts'
import type { SubmissionId } from '../identifiers.ts'
import { packageDirectory } from './spool.ts'

/** Documents in memory at a time. Small ones go by number, large ones by their bytes, which PostgreSQL's answer doubles. */
const DOCUMENTS_AT_ONCE = { limit: 64, bytesMax: 8_000_000 }

export type Made =
  | { ok: true; package: PackedPackage }
  /** A stored document is not the one that was accepted. */
  | { ok: false; corrupt: SubmissionId }
  /** Its documents make no package of KSeF's. */
  | { ok: false; code: PackageError['code'] }

/**
 * Makes the package of a batch session from what PostgreSQL holds, the same bytes each time: nothing of a package must
 * outlive the process that made it.
 */
export async function makePackage(
  context: DeliveryContext,
  { session, key, signal }: { session: Session; key: SessionKey; signal: AbortSignal },
): Promise<Made> {
  if (session.compression === null) throw new Error(`batch session ${session.id} without its compression`)
  // Only of those on their way through: ten thousand would outlive many collections of garbage.
  const passing = new Map<string, { id: SubmissionId; invoiceHash: string }>()
  async function* documents() {
    for (let after = 0; ; ) {
      signal.throwIfAborted()
      const page = await context.db.withCompany(session.companyId, (tx) =>
        tx.packages.documents(session.id, { after, ...DOCUMENTS_AT_ONCE }),
      )
      for (const { id, invoiceHash, content } of page) {
        const fileName = `${id}.xml`
        passing.set(fileName, { id, invoiceHash })
        yield { fileName, xml: content }
      }
      const last = page.at(-1)
      if (last === undefined) return
      after = last.ordinal
    }
  }
  const onDocument = ({ fileName, invoiceHash }: PackedDocument): void => {
    const accepted = passing.get(fileName)
    passing.delete(fileName)
    if (accepted !== undefined && accepted.invoiceHash !== invoiceHash) throw new CorruptDocument(accepted.id)
  }
  try {
    const made = await packInvoices({
      documents: documents(),
      onDocument,
      compression: session.compression,
      key,
      partBytesMax: context.batchPartBytes,
      directory: packageDirectory(context, session),
    })
    return { ok: true, package: made }
  } catch (error) {
    if (error instanceof CorruptDocument) return { ok: false, corrupt: error.id }
    if (error instanceof PackageError) return { ok: false, code: error.code }
    throw error
  }
}

class CorruptDocument extends Error {
  readonly id: SubmissionId

  constructor(id: SubmissionId) {
    super('a stored document is not the accepted one')
    this.id = id
  }
}
