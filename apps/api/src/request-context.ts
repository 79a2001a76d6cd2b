/** What a request carries from its first hook to its log line: its trace, and who calls once that is proved. */
import { type Caller, FleetError } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Trace, traceOf } from './trace-context.ts'

const TRACE = 'trace'
const CALLER = 'caller'
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/

/** The caller's `X-Request-Id` when it is sane, a fresh one otherwise. */
export function requestIdOf(header: unknown, newId: () => string): string {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : newId()
}

/** Gives every request its trace and answers its id in `X-Request-Id`. */
export function carryRequestContext(app: FastifyInstance, randomBytes: (length: number) => Uint8Array): void {
  app.decorateRequest(TRACE, null)
  app.decorateRequest(CALLER, null)
  app.addHook('onRequest', async (request, reply) => {
    request.setDecorator<Trace | null>(TRACE, traceOf(request.headers.traceparent, randomBytes))
    reply.header('x-request-id', request.id)
  })
}

export const traceOfRequest = (request: FastifyRequest): Trace | null =>
  request.getDecorator<Trace | null>(TRACE)

export function setCaller(request: FastifyRequest, caller: Caller): void {
  request.setDecorator<Caller | null>(CALLER, caller)
}

/** Null before authentication, and on routes without it. */
export const knownCaller = (request: FastifyRequest): Caller | null =>
  request.getDecorator<Caller | null>(CALLER)

/** The caller of an authenticated route. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = knownCaller(request)
  if (caller === null) throw new FleetError('UNAUTHENTICATED')
  return caller
}
