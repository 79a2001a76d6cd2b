import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { ZipFile } from 'yazl'
import type { CompressionType } from './compression.ts'

/** @property bytes the whole, or piece by piece with the size of the whole */
export type FileToPack =
  | { name: string; bytes: Buffer }
  | { name: string; bytes: Iterable<Buffer>; size: number }

/** The archive's files are asked for one after another, so that a package need not fit in memory as a whole. */
export type Files = AsyncIterable<FileToPack> | Iterable<FileToPack>

async function fillZip(zip: ZipFile, files: Files): Promise<void> {
  for await (const { name, bytes } of files) {
    if (Buffer.isBuffer(bytes)) zip.addBuffer(bytes, name)
    else zip.addReadStream(Readable.from(bytes), name)
  }
  zip.end()
}

async function fillTar(tar: ReturnType<typeof pack>, files: Files): Promise<void> {
  for await (const file of files) {
    const { name } = file
    if (!('size' in file)) {
      const entry = tar.entry({ name, size: file.bytes.length })
      entry.end(file.bytes)
      await once(entry, 'finish')
      continue
    }
    const entry = tar.entry({ name, size: file.size })
    await pipeline(Readable.from(file.bytes), entry)
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
