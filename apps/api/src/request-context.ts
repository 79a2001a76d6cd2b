/** What a request carries from its first hook to its log line: its trace, and who calls once that is proved. */
import { type Caller, type ErrorCode, FleetError } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Trace, traceOf } from './trace-context.ts'

const TRACE = 'trace'
const CALLER = 'caller'
const KEY_CHECK = 'keyCheck'
const REFUSED = 'refused'
const FAILURE_CODE = 'failureCode'
const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/

/** The caller's `X-Request-Id` when it is sane, a fresh one otherwise. */
export function requestIdOf(header: unknown, newId: () => string): string {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : newId()
}

/** Gives every request its trace and answers its id in `X-Request-Id`. */
export function carryRequestContext(app: FastifyInstance, randomBytes: (length: number) => Uint8Array): void {
  app.decorateRequest(TRACE, null)
  app.decorateRequest(CALLER, null)
  app.decorateRequest(KEY_CHECK, null)
  app.decorateRequest(REFUSED, false)
  app.decorateRequest(FAILURE_CODE, null)
  app.addHook('onRequest', async (request, reply) => {
    request.setDecorator<Trace | null>(TRACE, traceOf(request.headers.traceparent, randomBytes))
    reply.header('x-request-id', request.id)
  })
}

export const traceOfRequest = (request: FastifyRequest): Trace | null =>
  request.getDecorator<Trace | null>(TRACE)

/** @param stillOpens asks again whether the caller's key opens anything */
export function setCaller(request: FastifyRequest, caller: Caller, stillOpens: () => Promise<boolean>): void {
  request.setDecorator<Caller | null>(CALLER, caller)
  request.setDecorator<(() => Promise<boolean>) | null>(KEY_CHECK, stillOpens)
}

/** For whoever is still being answered long after it was let in. */
export const keyStillOpens = async (request: FastifyRequest): Promise<boolean> =>
  (await request.getDecorator<(() => Promise<boolean>) | null>(KEY_CHECK)?.()) === true

/** Null before authentication, and on routes without it. */
export const knownCaller = (request: FastifyRequest): Caller | null =>
  request.getDecorator<Caller | null>(CALLER)

/** The caller of an authenticated route. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = knownCaller(request)
  if (caller === null) throw new FleetError('UNAUTHENTICATED')
  return caller
}

/** Marks a request that asked for what is not its caller's: a role it has not, a company it is not. */
export const noteRefusal = (request: FastifyRequest): void => request.setDecorator<boolean>(REFUSED, true)

export const wasRefused = (request: FastifyRequest): boolean => request.getDecorator<boolean>(REFUSED)

/** Keeps the code of the failure a request ends with, for those who tell of the request afterwards. */
export const noteFailureCode = (request: FastifyRequest, code: ErrorCode): void =>
  request.setDecorator<ErrorCode | null>(FAILURE_CODE, code)

export const failureCodeOf = (request: FastifyRequest): ErrorCode | null =>
  request.getDecorator<ErrorCode | null>(FAILURE_CODE)
