import { readInvoiceHeader } from '@ksef-fleet/ksef'
import type { CoreDependencies } from '../dependencies.ts'
import type { CompanyId, DocumentId, SubmissionId } from '../identifiers.ts'
import type { CompanyTransaction } from '../stores.ts'
import { rolesOfIssuer } from '../submissions/new-submission.ts'
import { factsOfReading } from './document-header.ts'

/** Where a walk over all submissions is; it goes by company and id. */
export type RegisterPlace = { companyId: CompanyId; submissionId: SubmissionId }

/** A submission whose invoice is not in the register. */
export type Unregistered = RegisterPlace & { documentId: DocumentId; ksefNumber: string | null }

/**
 * Enters into the register what was accepted before there was one, or by a process of an older version: some invoices after
 * `after`, of any company. Repeating it, or two doing it at once, changes nothing.
 *
 * @returns where to go on; null: nothing is missing from there to the end
 */
export async function registerMissing(
  deps: Pick<CoreDependencies, 'db'>,
  { after, limit }: { after: RegisterPlace | null; limit: number },
): Promise<{ registered: number; next: RegisterPlace | null }> {
  const missing = await deps.db.asSystem('register-documents', (tx) =>
    tx.documents.unregistered({ after, limit }),
  )
  let registered = 0
  for (const [companyId, those] of Map.groupBy(missing, (one) => one.companyId))
    registered += await deps.db.withCompany(companyId, (tx) => register(tx, those))
  return { registered, next: missing.length < limit ? null : (missing.at(-1) ?? null) }
}

async function register(tx: CompanyTransaction, those: readonly Unregistered[]): Promise<number> {
  const byDocument = new Map(those.map((one) => [one.documentId, one]))
  const documents = await tx.documents.contents([...byDocument.keys()])
  const company = await tx.companies.get()
  return tx.documents.registerMissing(
    documents.map(({ id, environment, hash, content }) => {
      const { facts, flag } = factsOfReading(readInvoiceHeader(content))
      return {
        ...facts,
        documentId: id,
        environment,
        direction: 'outgoing',
        roles: rolesOfIssuer(facts, company?.nip ?? ''),
        ksefNumber: byDocument.get(id)?.ksefNumber ?? null,
        hash,
        size: content.byteLength,
        flag,
        submissionId: byDocument.get(id)?.submissionId ?? null,
        permanentStorageDate: null,
        acquisitionDate: null,
      }
    }),
  )
}
