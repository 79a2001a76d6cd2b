/** Uploads of many files, made as clients make them. */
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { ZipFile } from 'yazl'
import type { Call } from './running-api.ts'

export type Files = Record<string, Uint8Array | string>
export type Upload = NonNullable<Call['upload']>

export async function zipOf(files: Files): Promise<Upload> {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(files)) zip.addBuffer(Buffer.from(content), name)
  zip.end()
  return { type: 'application/zip', bytes: await buffer(zip.outputStream as Readable) }
}

export async function tarGzOf(files: Files): Promise<Upload> {
  const tar = pack()
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, Buffer.from(content))
  tar.finalize()
  return { type: 'application/gzip', bytes: gzipSync(await buffer(tar)) }
}

/** As curl and browsers write it; each part's headers are those of a file unless they are given. */
export function formOf(
  parts: readonly { headers: readonly string[]; content: Uint8Array | string }[],
): Upload {
  const boundary = `----form${crypto.randomUUID()}`
  const bytes = parts.flatMap(({ headers, content }) => [
    Buffer.from(`--${boundary}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ])
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    bytes: Buffer.concat([...bytes, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

export const filesOf = (files: Files): Upload =>
  formOf(
    Object.entries(files).map(([name, content]) => ({
      headers: [
        `Content-Disposition: form-data; name="file"; filename="${name}"`,
        'Content-Type: application/xml',
      ],
      content,
    })),
  )

/** One JSON text on each line. */
export const jsonLinesOf = (...values: readonly unknown[]): Upload => ({
  type: 'application/x-ndjson',
  bytes: Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join('')),
})
