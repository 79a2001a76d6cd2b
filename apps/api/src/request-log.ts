/** One line a request: what was asked of which route, by which key, how it ended and how long it took. */
import type { FastifyInstance } from 'fastify'
import { knownCaller, traceOfRequest } from './request-context.ts'

export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const fields = {
      traceId: traceOfRequest(request)?.traceId ?? null,
      method: request.method,
      route: request.routeOptions.url ?? 'unmatched',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      keyId: knownCaller(request)?.keyId ?? null,
    }
    // Probes come every few seconds and say nothing while they succeed.
    const isProbe = fields.route === '/healthz' || fields.route === '/readyz' || fields.route === '/metrics'
    if (isProbe && reply.statusCode < 400) request.log.debug(fields, 'request')
    else request.log.info(fields, 'request')
  })
}
