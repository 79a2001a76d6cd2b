import type { FastifyInstance } from 'fastify'
import { pageOf } from '../continuation.ts'
import { admit } from '../gate.ts'
import { KsefRefusal } from '../refusal.ts'
import { object, pageSize, type SessionPath, sessionPath } from '../request-schemas.ts'
import type { Authentication } from '../stores/authentications.ts'
import type { World } from '../world.ts'
import { describeAuthentication } from './access.ts'

/** Official tag "Aktywne sesje" (auth/sesje.md): sign-ins that may still refresh. */
type Query = { pageSize: number }

const querystring = object([], { pageSize: pageSize(100) })

/** A sign-in stays active as long as its refresh token; one that was never redeemed stays too. */
function isActive({ revokedAt, outcome, refreshTokenValidUntil }: Authentication, now: Date): boolean {
  const alive = refreshTokenValidUntil === undefined || now < refreshTokenValidUntil
  return revokedAt === undefined && outcome.code === 200 && alive
}

export function activeSessions(app: FastifyInstance, world: World): void {
  app.get<{ Querystring: Query }>('/auth/sessions', { schema: { querystring } }, async (request) => {
    const { authentication, context, subject } = await admit(world, request)
    const now = world.clock.now()
    const active = world.authentications
      .of(context, subject)
      .filter((one) => isActive(one, now))
      .sort((a, b) => b.startDate.getTime() - a.startDate.getTime())
    const token = request.headers['x-continuation-token']
    const page = pageOf(active, request.query.pageSize, token?.toString())
    return {
      continuationToken: page.continuationToken,
      items: page.rows.map((one) => ({
        ...describeAuthentication(one, now),
        referenceNumber: one.referenceNumber,
        isCurrent: one === authentication,
      })),
    }
  })

  app.delete('/auth/sessions/current', async (request, reply) => {
    const { authentication } = await admit(world, request, { kinds: ['AccessToken', 'RefreshToken'] })
    authentication.revokedAt = world.clock.now()
    return reply.code(204).send()
  })

  const schema = { params: sessionPath }
  app.delete<{ Params: SessionPath }>(
    '/auth/sessions/:referenceNumber',
    { schema },
    async (request, reply) => {
      const { context, subject } = await admit(world, request)
      const { referenceNumber } = request.params
      const found = world.authentications
        .of(context, subject)
        .find((one) => one.referenceNumber === referenceNumber)
      if (found === undefined)
        throw new KsefRefusal(21405, `Sesja ${referenceNumber} nie została znaleziona.`)
      found.revokedAt = world.clock.now()
      return reply.code(204).send()
    },
  )
}
