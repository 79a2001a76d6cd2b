/**
 * Which roles may use which route of `/v1`. A route without a row here does not boot, so nobody can forget to decide; a row
 * without a route fails the walk over the routes.
 *
 * An administrator does everything. An operator runs the day and touches no keys, credentials, proofs or companies' ends, and
 * does not say where events go.
 * A company's key reaches its own company (`company-door.ts`) and there its invoices, credentials, keys and audit.
 */
import { type ApiKeyRole, type Caller, FleetError } from '@ksef-fleet/core'
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import { callerOf, noteRefusal } from './request-context.ts'
import { problems } from './routes/documented.ts'

const EVERYONE = ['administrator', 'operator', 'company'] as const
const PROVIDER = ['administrator', 'operator'] as const
const ADMINISTRATOR = ['administrator'] as const
/** What is the company's own affair, or its provider's on its behalf. */
const OWNERS = ['administrator', 'company'] as const

export const ROUTE_ROLES: Readonly<Record<string, readonly ApiKeyRole[]>> = {
  'GET /v1/companies': EVERYONE,
  'POST /v1/companies': PROVIDER,
  'GET /v1/companies/:companyId': EVERYONE,
  'PATCH /v1/companies/:companyId': EVERYONE,
  'GET /v1/companies/:companyId/status': EVERYONE,
  'GET /v1/companies/:companyId/doctor': EVERYONE,
  'GET /v1/companies/:companyId/permissions': EVERYONE,
  'POST /v1/companies/:companyId/offboard': ADMINISTRATOR,
  'GET /v1/companies/:companyId/integrations': EVERYONE,
  'POST /v1/companies/:companyId/integrations': OWNERS,
  'GET /v1/companies/:companyId/integrations/:integrationId': EVERYONE,
  'POST /v1/companies/:companyId/integrations/:integrationId/verify': EVERYONE,
  'POST /v1/companies/:companyId/integrations/:integrationId/revoke': OWNERS,
  'PUT /v1/companies/:companyId/integrations/:integrationId/scopes': OWNERS,
  'POST /v1/companies/:companyId/integrations/:integrationId/attestation': ADMINISTRATOR,
  'DELETE /v1/companies/:companyId/integrations/:integrationId/attestation': ADMINISTRATOR,
  'GET /v1/credentials': ADMINISTRATOR,
  'POST /v1/credentials': ADMINISTRATOR,
  'GET /v1/credentials/:credentialId': ADMINISTRATOR,
  'POST /v1/credentials/:credentialId/prove': ADMINISTRATOR,
  'POST /v1/credentials/:credentialId/rotate': ADMINISTRATOR,
  'POST /v1/credentials/:credentialId/revoke': ADMINISTRATOR,
  'GET /v1/companies/:companyId/credentials': OWNERS,
  'POST /v1/companies/:companyId/credentials': OWNERS,
  'GET /v1/companies/:companyId/credentials/:credentialId': OWNERS,
  'POST /v1/companies/:companyId/credentials/:credentialId/prove': OWNERS,
  'POST /v1/companies/:companyId/credentials/:credentialId/rotate': OWNERS,
  'POST /v1/companies/:companyId/credentials/:credentialId/revoke': OWNERS,
  'GET /v1/companies/:companyId/invoices': EVERYONE,
  'POST /v1/companies/:companyId/invoices': EVERYONE,
  'POST /v1/companies/:companyId/invoices/validate': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/xml': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo/pdf': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo/html': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/pdf': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/html': EVERYONE,
  'GET /v1/companies/:companyId/invoices/:invoiceId/qr': EVERYONE,
  'POST /v1/companies/:companyId/invoices/:invoiceId/hold': EVERYONE,
  'POST /v1/companies/:companyId/invoices/:invoiceId/release': EVERYONE,
  'POST /v1/companies/:companyId/invoices/:invoiceId/retry': EVERYONE,
  'POST /v1/companies/:companyId/invoices/:invoiceId/technical-correction': EVERYONE,
  'POST /v1/companies/:companyId/invoices/hold': EVERYONE,
  'POST /v1/companies/:companyId/invoices/release': EVERYONE,
  'GET /v1/companies/:companyId/batches': EVERYONE,
  'POST /v1/companies/:companyId/batches': EVERYONE,
  'GET /v1/companies/:companyId/batches/:batchId': EVERYONE,
  'GET /v1/companies/:companyId/sync': EVERYONE,
  'POST /v1/companies/:companyId/sync': EVERYONE,
  'PUT /v1/companies/:companyId/sync': EVERYONE,
  'GET /v1/companies/:companyId/offline': EVERYONE,
  'PUT /v1/companies/:companyId/offline': EVERYONE,
  'GET /v1/doctor': PROVIDER,
  'GET /v1/ksef': EVERYONE,
  'POST /v1/ksef/outages': ADMINISTRATOR,
  'POST /v1/ksef/outages/:outageId/end': ADMINISTRATOR,
  'DELETE /v1/ksef/outages/:outageId': ADMINISTRATOR,
  'GET /v1/companies/:companyId/documents': EVERYONE,
  'GET /v1/companies/:companyId/documents/export': EVERYONE,
  'GET /v1/companies/:companyId/documents/:documentId': EVERYONE,
  'GET /v1/companies/:companyId/documents/:documentId/xml': EVERYONE,
  'GET /v1/companies/:companyId/documents/:documentId/upo': EVERYONE,
  'POST /v1/companies/:companyId/documents/:documentId/erasure': ADMINISTRATOR,
  'GET /v1/companies/:companyId/events': EVERYONE,
  'GET /v1/companies/:companyId/events/stream': EVERYONE,
  'GET /v1/events': PROVIDER,
  'GET /v1/events/stream': PROVIDER,
  'GET /v1/companies/:companyId/webhooks': EVERYONE,
  'POST /v1/companies/:companyId/webhooks': OWNERS,
  'GET /v1/companies/:companyId/webhooks/:webhookId': EVERYONE,
  'PATCH /v1/companies/:companyId/webhooks/:webhookId': OWNERS,
  'DELETE /v1/companies/:companyId/webhooks/:webhookId': OWNERS,
  'POST /v1/companies/:companyId/webhooks/:webhookId/rotate-secret': OWNERS,
  'POST /v1/companies/:companyId/webhooks/:webhookId/test': EVERYONE,
  'POST /v1/companies/:companyId/webhooks/:webhookId/redeliver': EVERYONE,
  'GET /v1/companies/:companyId/webhooks/:webhookId/deliveries': EVERYONE,
  'GET /v1/companies/:companyId/webhooks/:webhookId/deliveries/:eventId': EVERYONE,
  'POST /v1/companies/:companyId/webhooks/:webhookId/deliveries/:eventId/redeliver': EVERYONE,
  'GET /v1/webhooks': PROVIDER,
  'POST /v1/webhooks': ADMINISTRATOR,
  'GET /v1/webhooks/:webhookId': PROVIDER,
  'PATCH /v1/webhooks/:webhookId': ADMINISTRATOR,
  'DELETE /v1/webhooks/:webhookId': ADMINISTRATOR,
  'POST /v1/webhooks/:webhookId/rotate-secret': ADMINISTRATOR,
  'POST /v1/webhooks/:webhookId/test': PROVIDER,
  'POST /v1/webhooks/:webhookId/redeliver': PROVIDER,
  'GET /v1/webhooks/:webhookId/deliveries': PROVIDER,
  'GET /v1/webhooks/:webhookId/deliveries/:eventId': PROVIDER,
  'POST /v1/webhooks/:webhookId/deliveries/:eventId/redeliver': PROVIDER,
  'GET /v1/companies/:companyId/audit': EVERYONE,
  'GET /v1/audit': PROVIDER,
  'GET /v1/audit/chain': PROVIDER,
  'GET /v1/api-keys': OWNERS,
  'POST /v1/api-keys': OWNERS,
  'POST /v1/api-keys/:apiKeyId/rotate': OWNERS,
  'DELETE /v1/api-keys/:apiKeyId': OWNERS,
}

/** Roles of a route as the table has it; HEAD is GET without a body. */
export const rolesOf = (method: string, url: string): readonly ApiKeyRole[] | undefined =>
  ROUTE_ROLES[`${method === 'HEAD' ? 'GET' : method} ${url}`]

/** Turns away callers whose role the route does not name; to be called after authentication and the company's door. */
export function requireRoles(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const [roles, ...others] = [route.method].flat().map((method) => rolesOf(method, route.url))
    if (roles === undefined || others.length > 0) {
      throw new Error(`${route.method} ${route.url} has no row of its own in ROUTE_ROLES`)
    }
    route.schema = documented(route.schema ?? {}, roles)
  })
  app.addHook('onRequest', async (request) => {
    const caller = callerOf(request)
    const roles = rolesOf(request.method, request.routeOptions.url ?? '') ?? []
    if (roles.includes(caller.role)) return
    noteRefusal(request)
    throw new FleetError(refusalOf(caller, request))
  })
}

/**
 * To a company a thing of the provider's does not exist, whatever its id: it is told 404 where the path names a thing, and
 * 403 where it names none.
 */
function refusalOf(caller: Caller, request: FastifyRequest): 'NOT_FOUND' | 'SCOPE_INSUFFICIENT' {
  const namesAThing = request.routeOptions.url?.includes(':') === true
  return caller.scope === 'company' && namesAThing ? 'NOT_FOUND' : 'SCOPE_INSUFFICIENT'
}

/** The OpenAPI document tells of each route who may use it. */
function documented(schema: FastifySchema, roles: readonly ApiKeyRole[]): FastifySchema {
  const response = typeof schema.response === 'object' ? schema.response : {}
  const refusal = roles.length === EVERYONE.length ? {} : { 403: problems('SCOPE_INSUFFICIENT')[403] }
  return {
    ...schema,
    description: [schema.description, `Roles: ${roles.join(', ')}.`].filter(Boolean).join('\n\n'),
    response: { ...refusal, ...response },
  }
}
