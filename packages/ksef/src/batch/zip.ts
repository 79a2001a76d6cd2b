import { Readable } from 'node:stream'
import type { DocumentToPack, PackingCheck } from './document.ts'

/** The earliest time a ZIP archive can tell. */
const DATE = new Date(Date.UTC(1980, 0, 1))

/**
 * A ZIP archive as a stream. JSZip writes nothing before it has every document, so all of them are in memory at once,
 * and it compresses on the calling thread: TarGz is the better choice wherever nobody asks for ZIP.
 */
export async function zipOf(
  documents: AsyncIterable<DocumentToPack>,
  check: PackingCheck,
): Promise<Readable> {
  // Loaded when somebody asks for a ZIP, which few do, and not by every process that starts.
  const { default: JSZip } = await import('jszip')
  const zip = new JSZip()
  for await (const document of documents) {
    check.pass(document)
    zip.file(document.fileName, document.xml, { date: DATE, createFolders: false })
  }
  const stream = zip.generateNodeStream({
    streamFiles: true,
    platform: 'DOS',
    compression: 'DEFLATE',
    compressionOptions: { level: 6 },
  })
  // JSZip's stream is of a time before streams could be iterated.
  return new Readable().wrap(stream)
}
