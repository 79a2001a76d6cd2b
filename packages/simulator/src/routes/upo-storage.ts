import type { FastifyInstance } from 'fastify'
import { invoiceUpo, sessionUpo } from '../upo.ts'
import type { UpoLinkQuery } from '../upo-links.ts'
import type { World } from '../world.ts'
import { sendXml } from './session-status.ts'

/**
 * The storage behind `upoDownloadUrl` and `downloadUrl`: outside the API and its limits. A request that carries
 * a token is refused, since the real storage refuses two kinds of proof at once, and a client that sends its
 * access token to another host leaks it.
 */
type Path = { sessionReferenceNumber: string; file: string }

export function upoStorage(app: FastifyInstance, world: World): void {
  app.get<{ Params: Path; Querystring: UpoLinkQuery }>(
    '/storage/upo/:sessionReferenceNumber/:file',
    async (request, reply) => {
      const { sessionReferenceNumber, file } = request.params
      const name = file.replace(/\.xml$/, '')
      if (request.headers.authorization !== undefined) {
        return reply
          .code(400)
          .type('application/xml')
          .send('<Error><Code>InvalidAuthenticationInfo</Code></Error>')
      }
      const session = world.sessions.findByLink(sessionReferenceNumber)
      if (session === undefined || !world.upoLinks.check(sessionReferenceNumber, name, request.query)) {
        return reply
          .code(403)
          .type('application/xml')
          .send('<Error><Code>AuthenticationFailed</Code></Error>')
      }
      const page = /^session-(\d+)$/.exec(name)?.[1]
      if (page !== undefined) return sendXml(reply, sessionUpo(session, Number(page)))
      const accepted = session.invoices.find((one) => one.referenceNumber === name)?.accepted
      if (accepted !== undefined) return sendXml(reply, invoiceUpo(session, accepted))
      return reply.code(404).type('application/xml').send('<Error><Code>BlobNotFound</Code></Error>')
    },
  )
}
