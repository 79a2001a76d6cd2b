import { createDecipheriv, createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { SymmetricKey } from '../invoice/decryption.ts'
import type { Spool } from '../spool.ts'
import type { SendingSession } from '../stores/sessions.ts'
import type { Batch } from './batch.ts'

/** Why the parts do not make the declared package. */
export type AssemblyFailure = { code: 405 | 435; detail: string }

type Measured = { size: number; hash: string }

async function* measured(
  chunks: AsyncIterable<Buffer>,
  onEnd: (measured: Measured) => void,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of chunks) {
    hash.update(chunk)
    size += chunk.length
    yield chunk
  }
  onEnd({ size, hash: hash.digest('base64') })
}

type Source = { spool: Spool; batch: Batch; key: SymmetricKey }

class Undecipherable extends Error {}

/** Every part is encrypted on its own, under the same key and vector. */
async function* decrypted({ spool, batch, key }: Source): AsyncGenerator<Buffer> {
  for (const { ordinalNumber } of batch.parts) {
    const upload = batch.uploads.get(ordinalNumber)
    if (upload === undefined) throw new Error(`part ${ordinalNumber} was never uploaded`)
    const decipher = createDecipheriv('aes-256-cbc', key.key, key.initializationVector)
    for await (const chunk of createReadStream(await spool.place(upload.spoolName))) {
      const plain = decipher.update(chunk)
      if (plain.length > 0) yield plain
    }
    try {
      yield decipher.final()
    } catch {
      throw new Undecipherable(`Nie można odszyfrować części '${ordinalNumber}'.`)
    }
  }
}

const wrongPart = (batch: Batch): AssemblyFailure | undefined => {
  const wrong = batch.parts.find((part) => batch.uploads.get(part.ordinalNumber)?.hash !== part.fileHash)
  if (wrong === undefined) return undefined
  const detail = `Skrót części '${wrong.ordinalNumber}' nie zgadza się z zadeklarowanym.`
  return { code: 405, detail }
}

/**
 * Decrypts the uploaded parts into one archive on disk and compares it with what the session declared.
 *
 * @returns the archive's path, or the failure that ends the session
 */
export async function assemble(
  { referenceNumber, batch }: SendingSession & { batch: Batch },
  { spool, key }: { spool: Spool; key: SymmetricKey },
): Promise<{ path: string } | { failure: AssemblyFailure }> {
  const failure = wrongPart(batch)
  if (failure !== undefined) return { failure }
  const path = await spool.place(`${referenceNumber}-package`)
  let actual: Measured = { size: 0, hash: '' }
  try {
    await pipeline(
      decrypted({ spool, batch, key }),
      (chunks: AsyncIterable<Buffer>) =>
        measured(chunks, (found) => {
          actual = found
        }),
      createWriteStream(path),
    )
  } catch (error) {
    if (error instanceof Undecipherable) return { failure: { code: 435, detail: error.message } }
    throw error
  }
  if (actual.size !== batch.fileSize)
    return { failure: { code: 405, detail: 'Rozmiar paczki nie zgadza się z zadeklarowanym.' } }
  if (actual.hash !== batch.fileHash)
    return { failure: { code: 405, detail: 'Skrót paczki nie zgadza się z zadeklarowanym.' } }
  return { path }
}
