import type { FastifyInstance } from 'fastify'
import { nip, object } from '../request-schemas.ts'
import { AUTHORIZATION_TYPES, type Authorization } from '../stores/authorizations.ts'
import type { World } from '../world.ts'

const body = object(['type', 'authorizing', 'authorized'], {
  type: { type: 'string', enum: AUTHORIZATION_TYPES },
  authorizing: nip,
  authorized: nip,
})

/** Self-invoicing and the like, granted and revoked from the control plane: no part of KSeF. */
export function authorizationControl(app: FastifyInstance, world: World): void {
  app.post<{ Body: Authorization }>('/authorizations', { schema: { body } }, (request, reply) => {
    world.authorizations.grant(request.body)
    return reply.code(204).send()
  })
  app.post<{ Body: Authorization }>('/authorizations/revoke', { schema: { body } }, (request, reply) => {
    world.authorizations.revoke(request.body)
    return reply.code(204).send()
  })
}
