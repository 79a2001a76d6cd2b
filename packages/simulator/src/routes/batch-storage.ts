import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Batch, PART_BYTES_MAX, spoolNameOf, type UploadedPart } from '../batch/batch.ts'
import type { Spool } from '../spool.ts'
import type { StorageQuery } from '../storage-links.ts'
import type { World } from '../world.ts'

/**
 * The storage that takes the parts of a batch: outside the API, its limits and its tokens. It stores what comes,
 * as the Ministry's does; sizes are compared when the session is closed (21157), hashes while it is processed (405).
 */
type Path = { referenceNumber: string; ordinalNumber: string }

/** In the manner of the cloud storage behind KSeF. */
const refuse = (reply: FastifyReply, httpStatus: 400 | 401 | 403, code: string): FastifyReply =>
  reply.code(httpStatus).type('application/xml').send(`<Error><Code>${code}</Code></Error>`)

class TooLarge extends Error {}

async function store(body: Readable, spool: Spool, name: string): Promise<UploadedPart> {
  const hash = createHash('sha256')
  let size = 0
  const spoolName = `${name}-${randomUUID()}`
  const measure = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      size += chunk.length
      if (size > PART_BYTES_MAX) throw new TooLarge()
      hash.update(chunk)
      yield chunk
    }
  }
  try {
    await pipeline(body, measure, createWriteStream(await spool.place(spoolName)))
  } catch (error) {
    await spool.discard(spoolName)
    throw error
  }
  return { size, hash: hash.digest('base64'), spoolName }
}

/** A part that is sent again replaces the one before. */
async function keep(
  world: World,
  batch: Batch,
  part: { ordinal: number; upload: UploadedPart },
): Promise<void> {
  const replaced = batch.uploads.get(part.ordinal)
  batch.uploads.set(part.ordinal, part.upload)
  if (replaced !== undefined) await world.spool.discard(replaced.spoolName)
}

export function batchStorage(app: FastifyInstance, world: World): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  app.put<{ Params: Path; Querystring: StorageQuery; Body: Readable | undefined }>(
    '/storage/batch/:referenceNumber/:ordinalNumber',
    { bodyLimit: PART_BYTES_MAX + 1 },
    async (request, reply) => {
      const { referenceNumber, ordinalNumber } = request.params
      if (request.headers.authorization !== undefined) return refuse(reply, 401, 'InvalidAuthenticationInfo')
      const path = `batch/${referenceNumber}/${ordinalNumber}`
      const verdict = world.storageLinks.check(path, 'w', request.query)
      if (verdict === 'unsigned') return refuse(reply, 401, 'NoAuthenticationInformation')
      const session = world.sessions.findByLink(referenceNumber)
      if (verdict === 'refused' || session?.batch === undefined || session.closedAt !== undefined)
        return refuse(reply, 403, 'AuthenticationFailed')
      if (request.headers['x-ms-blob-type'] !== 'BlockBlob')
        return refuse(reply, 400, 'MissingRequiredHeader')
      const ordinal = Number(ordinalNumber)
      try {
        const body = request.body ?? Readable.from([])
        const upload = await store(body, world.spool, spoolNameOf(referenceNumber, ordinal))
        await keep(world, session.batch, { ordinal, upload })
      } catch (error) {
        if (error instanceof TooLarge) return refuse(reply, 400, 'RequestBodyTooLarge')
        throw error
      }
      return reply.code(201).send()
    },
  )
}
