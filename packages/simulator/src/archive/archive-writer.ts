import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { ZipFile } from 'yazl'
import type { CompressionType } from './compression.ts'

export type FileToPack = { name: string; bytes: Buffer }

/** The archive's files are asked for one after another, so that a package need not fit in memory as a whole. */
export type Files = AsyncIterable<FileToPack> | Iterable<FileToPack>

async function fillZip(zip: ZipFile, files: Files): Promise<void> {
  for await (const { name, bytes } of files) zip.addBuffer(bytes, name)
  zip.end()
}

async function fillTar(tar: ReturnType<typeof pack>, files: Files): Promise<void> {
  for await (const { name, bytes } of files) {
    const entry = tar.entry({ name, size: bytes.length })
    entry.end(bytes)
    await once(entry, 'finish')
  }
  tar.finalize()
}

/** The bytes of an archive with these files, as a stream; an error while filling ends the stream with it. */
export function writeArchive(compressionType: CompressionType, files: Files): Readable {
  if (compressionType === 'Zip') {
    const zip = new ZipFile()
    const output = new PassThrough()
    zip.on('error', (error: Error) => output.destroy(error))
    zip.outputStream.pipe(output)
    fillZip(zip, files).catch((error: Error) => output.destroy(error))
    return output
  }
  const tar = pack()
  const output = createGzip()
  tar.on('error', (error) => output.destroy(error))
  tar.pipe(output)
  fillTar(tar, files).catch((error: Error) => output.destroy(error))
  return output
}
