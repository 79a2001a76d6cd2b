import type { FastifyRequest } from 'fastify'

/** Prefix of KSeF's API; control and storage lie outside it. */
export const API_PREFIX = '/v2'

/**
 * The operation a request belongs to, as the OpenAPI spells it (`GET /sessions/{referenceNumber}`); storage is
 * `GET /storage/upo`. Undefined for control routes and unknown paths.
 */
export function operationOf(request: FastifyRequest): string | undefined {
  const url = request.routeOptions.url
  if (url?.startsWith('/storage/upo/')) return `${request.method} /storage/upo`
  if (!url?.startsWith(`${API_PREFIX}/`)) return undefined
  return `${request.method} ${url.slice(API_PREFIX.length).replaceAll(/:(\w+)/g, '{$1}')}`
}
