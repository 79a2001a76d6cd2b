/**
 * The door of `/v1`: one `Authorization: Bearer <key>`, nothing else. A key in the query or in a cookie is not looked at.
 * Every bad credential gets the same answer, whatever is wrong with it; an address that keeps failing is told to wait,
 * while valid keys from the same address go on working.
 */
import { authenticate, type CoreDependencies, FleetError } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { setCaller } from './request-context.ts'
import { shareLookups } from './share-lookups.ts'

const BEARER = /^Bearer ([A-Za-z0-9_-]{1,200})$/i

/** Asks for a valid key on every route of this instance. */
export function requireApiKey(
  app: FastifyInstance,
  deps: Pick<CoreDependencies, 'db' | 'now'> & { failedKeys: FailedKeys },
): void {
  const authenticated = shareLookups((key: string) => authenticate(deps, key))
  app.addHook('onRequest', async (request, reply) => {
    const key = keyIn(request)
    const caller = key === null ? null : await authenticated(key)
    if (key === null || caller === null) {
      reply.header('www-authenticate', 'Bearer realm="ksef-fleet"')
      await deps.failedKeys.count(request)
      throw new FleetError('UNAUTHENTICATED')
    }
    setCaller(request, caller, async () => (await authenticated(key)) !== null)
  })
}

function keyIn(request: FastifyRequest): string | null {
  const [only, ...others] = authorizationsOf(request.raw.rawHeaders)
  if (only === undefined || others.length > 0) return null
  return BEARER.exec(only)?.[1] ?? null
}

/** Read from the raw headers: Node keeps the first of two and drops the other in silence. */
function authorizationsOf(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization',
  )
}

export type FailedKeys = {
  /** Notes one failure of the request's address. @throws FleetError TOO_MANY_FAILED_KEYS beyond the bound */
  count(request: FastifyRequest): Promise<void>
}

/** Failures per address and minute, in the bounded memory of this process. Needs the rate-limit plugin on `app`. */
export function countFailedKeys(app: FastifyInstance, perMinuteMax: number): FailedKeys {
  const limit = app.createRateLimit({ max: perMinuteMax, timeWindow: 60_000 })
  return {
    async count(request) {
      const verdict = await limit(request)
      if (!verdict.isAllowed && verdict.isExceeded) {
        throw new FleetError('TOO_MANY_FAILED_KEYS', { retryAfterSeconds: Math.max(1, verdict.ttlInSeconds) })
      }
    },
  }
}
