/**
 * An archive that is made while it is sent: of the documents no more than a few are in memory, whatever the caller's line is
 * worth. yazl writes entries one after the other; the next ones are loaded when it has taken those before.
 */
import { Readable } from 'node:stream'
import type { DocumentExport, ExportedDocument } from '@ksef-fleet/core'
import yazl from 'yazl'
import { fileOf, upoFileOf } from './file-names.ts'
import { indexOf } from './index-of-documents.ts'

/** @param failed told of what ends the archive early, but for a caller that went away */
export function zipOf(exported: DocumentExport, failed: (error: unknown) => void): Readable {
  const zip = new yazl.ZipFile()
  const output = zip.outputStream
  // Its types promise less than it is: something to be destroyed when the reader leaves or a document fails.
  if (!(output instanceof Readable)) throw new Error('yazl writes to no stream of Node')
  fill(zip, exported, output).catch((error: unknown) => {
    if (output.destroyed) return
    failed(error)
    output.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  return output
}

async function fill(zip: yazl.ZipFile, exported: DocumentExport, output: Readable): Promise<void> {
  const left = new Promise<never>((_, reject) => {
    output.once('close', () => reject(new Error('whoever asked for the archive went away')))
    zip.once('error', reject)
  })
  left.catch(() => undefined)
  const taken = (entries: readonly Promise<void>[]) => Promise.race([Promise.all(entries), left])
  const index = Readable.from(indexOf(exported.headers()))
  await taken([add(zip, { name: 'index.csv', mtime: exported.at, content: index })])
  for await (const group of exported.documents()) await taken(group.flatMap((one) => entriesOf(zip, one)))
  zip.end()
}

const entriesOf = (zip: yazl.ZipFile, { header, content, upo }: ExportedDocument): Promise<void>[] => {
  const { createdAt: mtime } = header
  return [
    add(zip, { name: fileOf(header), mtime, content: Readable.from([content]) }),
    ...(upo === null ? [] : [add(zip, { name: upoFileOf(header), mtime, content: Readable.from([upo]) })]),
  ]
}

/** Ends when the archive has taken all of it. */
const add = (
  zip: yazl.ZipFile,
  { name, mtime, content }: { name: string; mtime: Date; content: Readable },
): Promise<void> =>
  new Promise((resolve, reject) => {
    content.once('end', resolve).once('error', reject)
    zip.addReadStreamLazy(name, { mtime }, (begin) => begin(null, content))
  })
