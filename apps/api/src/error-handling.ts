/** Sends every failure as a problem document, and logs those that are the fleet's own. */
import { FleetError } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AllowedMethods } from './allowed-methods.ts'
import { failureOf } from './failure.ts'
import { problemOf } from './problem.ts'
import { noteFailureCode } from './request-context.ts'

/** Failures of handlers, of Fastify itself, paths that do not exist and methods a path does not have. */
export function handleErrors(app: FastifyInstance, allowed: AllowedMethods): void {
  app.setErrorHandler((thrown, request, reply) => {
    noteFailureCode(request, failureOf(thrown).code)
    return sendProblem(thrown, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const methods = allowed.of(request.url)
    if (methods.length === 0) return sendProblem(new FleetError('NOT_FOUND'), request, reply)
    reply.header('allow', methods.join(', '))
    return sendProblem(new FleetError('METHOD_NOT_ALLOWED'), request, reply)
  })
}

/** Also for failures before routing, when no hook has run. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = failureOf(thrown)
  const existingLocation = locationOfExisting(failure, request)
  const problem = problemOf(failure, {
    requestId: request.id,
    ...(existingLocation === undefined ? {} : { existingLocation }),
  })
  if (problem.status >= 500) request.log.error({ code: failure.code, error: thrown }, 'request.failed')
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', String(problem.retryAfterSeconds))
  return reply
    .code(problem.status)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .type('application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problem)
}

/**
 * A duplicate lies in the list it was posted to, and that of a retried invoice in the list of both; a credential also comes
 * along with an integration.
 */
function locationOfExisting(failure: FleetError, request: FastifyRequest): string | undefined {
  if (failure.existingId === undefined) return undefined
  const [list = ''] = request.url.split('?')
  const listed =
    failure.code === 'CREDENTIAL_EXISTS'
      ? list.replace(/\/integrations$/, '/credentials')
      : list.replace(/\/[^/]+\/(retry|technical-correction)$/, '')
  return `${listed}/${failure.existingId}`
}
