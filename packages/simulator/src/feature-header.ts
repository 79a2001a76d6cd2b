import type { FastifyRequest } from 'fastify'

/** Whether the request switches a feature on; only one is honoured, a list of several switches on none. */
export const hasFeature = (request: FastifyRequest, feature: string): boolean =>
  request.headers['x-ksef-feature'] === feature
