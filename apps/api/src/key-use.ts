/**
 * What the audit log tells of keys: every changing request, what was refused to a key, and of reads one a minute for each
 * key. A request without a valid key is nobody's and only logged, so that strangers cannot fill the audit log.
 */
import { type AuditEntry, type AuditTrail, actorOf, type Caller, CompanyId } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { failureCodeOf, knownCaller, wasRefused } from './request-context.ts'

const READS_EVERY_MS = 60_000
const KEYS_MAX = 10_000

type Deps = { trail: AuditTrail; now: () => Date }

/** Tells of every request of this instance; to be called after authentication. */
export function auditUses(app: FastifyInstance, { trail, now }: Deps): void {
  const isFirstRead = oncePerMinute(now)
  app.addHook('onRequest', () => trail.room())
  app.addHook('onResponse', async (request, reply) => {
    const caller = knownCaller(request)
    if (caller === null) return
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead && !wasRefused(request) && !isFirstRead(caller.keyId)) return
    trail.record(entryOf(caller, request, reply), companyOf(caller, request, reply))
  })
}

function entryOf(caller: Caller, request: FastifyRequest, reply: FastifyReply): AuditEntry {
  const { statusCode } = reply
  const errorCode = failureCodeOf(request)
  return {
    actor: actorOf(caller),
    action: wasRefused(request) ? 'access.refused' : 'key.use',
    subject: caller.keyId,
    outcome: statusCode < 400 ? 'ok' : statusCode < 500 ? 'refused' : 'failed',
    operation: `${request.method} ${request.routeOptions.url ?? ''}`,
    httpStatus: statusCode,
    durationMs: Math.round(reply.elapsedTime),
    requestId: request.id,
    ...(errorCode === null ? {} : { errorCode }),
  }
}

const CompanyInPath = z.object({ companyId: CompanyId })

/** A company's key acts for its company. Of what the provider named only success shows that there is such a company. */
function companyOf(caller: Caller, request: FastifyRequest, { statusCode }: FastifyReply): CompanyId | null {
  if (caller.scope === 'company') return caller.companyId
  const named = CompanyInPath.safeParse(request.params)
  return named.success && statusCode < 400 ? named.data.companyId : null
}

/** True for the first time in a minute that an id is asked about. Forgets everything when it would know too many. */
function oncePerMinute(now: () => Date): (id: string) => boolean {
  const lastAt = new Map<string, number>()
  return (id) => {
    const at = now().getTime()
    const last = lastAt.get(id)
    if (last !== undefined && at - last < READS_EVERY_MS && at >= last) return false
    if (lastAt.size >= KEYS_MAX) lastAt.clear()
    lastAt.set(id, at)
    return true
  }
}
