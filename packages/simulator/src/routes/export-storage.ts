import { createReadStream } from 'node:fs'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { StorageQuery } from '../storage-links.ts'
import type { World } from '../world.ts'

/** The storage that parts of exported packages are fetched from: no token, and none is accepted. */
type Path = { referenceNumber: string; partName: string }

const refuse = (reply: FastifyReply, httpStatus: 400 | 401 | 403 | 404, code: string): FastifyReply =>
  reply.code(httpStatus).type('application/xml').send(`<Error><Code>${code}</Code></Error>`)

export function exportStorage(app: FastifyInstance, world: World): void {
  app.get<{ Params: Path; Querystring: StorageQuery }>(
    '/storage/export/:referenceNumber/:partName',
    async (request, reply) => {
      const { referenceNumber, partName } = request.params
      if (request.headers.authorization !== undefined) return refuse(reply, 400, 'InvalidAuthenticationInfo')
      const verdict = world.storageLinks.check(`export/${referenceNumber}/${partName}`, 'r', request.query)
      if (verdict === 'unsigned') return refuse(reply, 401, 'NoAuthenticationInformation')
      if (verdict === 'refused') return refuse(reply, 403, 'AuthenticationFailed')
      const parts = world.exports.findByLink(referenceNumber)?.outcome?.package?.parts
      const part = parts?.find((one) => one.partName === partName)
      if (part === undefined) return refuse(reply, 404, 'BlobNotFound')
      return reply
        .header('x-ms-meta-hash', part.encryptedPartHash)
        .header('content-length', part.encryptedPartSize)
        .type('application/octet-stream')
        .send(createReadStream(await world.spool.place(partName)))
    },
  )
}
