import type { BatchSource } from './batch.ts'

export type UploadedFile = {
  name: string
  size: number
  /** null: it has more bytes than any invoice. */
  content: Uint8Array | null
}

/** What a caller handed over: files that are read one at a time, as often as asked, the same ones each time. */
export type Upload = {
  source: BatchSource
  files(): AsyncIterable<UploadedFile>
}

/** Its files are invoices as JSON, and no documents yet. */
export const isData = ({ source }: Upload): boolean => source === 'json-lines'

/** What operating systems put beside the files of a folder. */
const BOOKKEEPING = /(^|\/)(__MACOSX\/.*|\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$/i

/** The files that are meant as invoices. */
export async function* documentsOf(upload: Upload): AsyncGenerator<UploadedFile> {
  for await (const file of upload.files()) if (!BOOKKEEPING.test(file.name)) yield file
}

const MAGIC = [
  ...[Buffer.from('PK\x03\x04'), Buffer.from('PK\x05\x06'), Buffer.from([0x1f, 0x8b])],
  ...[Buffer.from('7z\xbc\xaf', 'latin1'), Buffer.from('Rar!')],
]
const TAR_MAGIC = Buffer.from('ustar')
const TAR_MAGIC_AT = 257

/** An archive within an upload: what it holds would go unread. */
export const isArchive = (content: Uint8Array): boolean =>
  MAGIC.some((magic) => magic.equals(content.subarray(0, magic.length))) ||
  TAR_MAGIC.equals(content.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + TAR_MAGIC.length))
