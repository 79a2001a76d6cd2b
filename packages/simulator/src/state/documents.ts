import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { AcceptedInvoice } from '../stores/sessions.ts'

/** Accepted documents as files named by their SHA-256; the process holds none of them. */
export type Documents = {
  /** Writes the document down, then lets it be read from its file. */
  keep(invoice: AcceptedInvoice): void
  /** Lets a document that was kept by an earlier run be read from its file. */
  recall(invoice: AcceptedInvoice): void
}

export function createDocuments(directory: string): Documents {
  mkdirSync(directory, { recursive: true })
  const fileOf = ({ invoiceHash }: AcceptedInvoice): string =>
    path.join(directory, `${Buffer.from(invoiceHash, 'base64').toString('hex')}.xml`)
  // Not enumerable: a snapshot passes over it.
  const recall = (invoice: AcceptedInvoice): void => {
    const file = fileOf(invoice)
    Object.defineProperty(invoice, 'xml', { get: () => readFileSync(file), enumerable: false })
  }
  return {
    keep: (invoice) => {
      const file = fileOf(invoice)
      if (!existsSync(file)) {
        writeFileSync(`${file}.part`, invoice.xml)
        renameSync(`${file}.part`, file)
      }
      recall(invoice)
    },
    recall,
  }
}
