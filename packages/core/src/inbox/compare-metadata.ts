import type { InvoiceMetadata } from '@ksef-fleet/ksef'

export type Listed = Pick<InvoiceMetadata, 'ksefNumber' | 'invoiceHash' | 'permanentStorageDate'>

export type Comparison = {
  /** Listed and not in the package. */
  absent: Listed[]
  /** In the package with another hash than listed. */
  differing: Listed[]
  /** In the package and not listed: nobody vouches for them. */
  unlisted: string[]
}

/** A package against its own metadata. @param hashes of the documents in it, by KSeF number */
export function compareWithMetadata(
  listed: readonly Listed[],
  hashes: ReadonlyMap<string, string>,
): Comparison {
  const absent: Listed[] = []
  const differing: Listed[] = []
  const rest = new Set(hashes.keys())
  for (const one of listed) {
    const hash = hashes.get(one.ksefNumber)
    rest.delete(one.ksefNumber)
    if (hash === undefined) absent.push(one)
    else if (hash !== one.invoiceHash) differing.push(one)
  }
  return { absent, differing, unlisted: [...rest] }
}
