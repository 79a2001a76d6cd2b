import { type DownloadedPackage, readExportPackage, sha256Base64 } from '@ksef-fleet/ksef'
import { type Comparison, compareWithMetadata } from './compare-metadata.ts'
import type { ListedInvoice } from './store-received.ts'

export type InspectedPackage = Comparison & {
  /** By KSeF number. */
  listed: ReadonlyMap<string, ListedInvoice>
  /** Of the documents in it that are those listed, by KSeF number. */
  hashes: ReadonlyMap<string, string>
}

/**
 * The first reading of a package, which writes nothing: names, bounds and hashes are proved, and what is in it is compared with
 * KSeF's own list. What it keeps of a document is its hash.
 *
 * @throws ExportPackageError
 */
export async function inspectPackage(
  downloaded: DownloadedPackage,
  signal: AbortSignal,
): Promise<InspectedPackage> {
  const hashes = new Map<string, string>()
  const listed = new Map<string, ListedInvoice>()
  for await (const file of readExportPackage(downloaded)) {
    signal.throwIfAborted()
    if (file.kind === 'invoice') hashes.set(file.ksefNumber, sha256Base64(file.content))
    else for (const one of file.invoices) listed.set(one.ksefNumber, one)
  }
  const comparison = compareWithMetadata([...listed.values()], hashes)
  for (const { ksefNumber } of comparison.differing) hashes.delete(ksefNumber)
  return { ...comparison, listed, hashes }
}
