import type { FastifyRequest } from 'fastify'

/** Prefix of KSeF's API; control and storage lie outside it. */
export const API_PREFIX = '/v2'

/**
 * The operation of a route, as the OpenAPI spells it (`GET /sessions/{referenceNumber}`); storage is
 * `GET /storage/upo`, `PUT /storage/batch`, `GET /storage/export`. Undefined for control routes.
 */
export function operationName(method: string, url: string | undefined): string | undefined {
  const storage = /^\/storage\/(upo|batch|export)\//.exec(url ?? '')?.[1]
  if (storage !== undefined) return `${method} /storage/${storage}`
  if (!url?.startsWith(`${API_PREFIX}/`)) return undefined
  return `${method} ${url.slice(API_PREFIX.length).replaceAll(/:(\w+)/g, '{$1}')}`
}

/** The operation a request belongs to; undefined for control routes and unknown paths. */
export const operationOf = (request: FastifyRequest): string | undefined =>
  operationName(request.method, request.routeOptions.url)
