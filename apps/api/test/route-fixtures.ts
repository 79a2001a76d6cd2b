/**
 * One lawful request for each route of `/v1`. The walks go over Fastify's own list of routes, so a route without an
 * entry here fails them.
 */
import type { Call, Party } from './running-api.ts'
import { invoiceOf } from './running-api.ts'

/** `named` fills the path: ids of one's own, or ids that must lead nowhere. */
export type Named = { companyId: string; integrationId: string; invoiceId: string; apiKeyId: string }

export type Fixture = Pick<Call, 'json' | 'xml'> & { provider?: true }

export const FIXTURES: Record<string, (company: Pick<Party, 'nip'>) => Fixture> = {
  'GET /v1/companies': () => ({}),
  'POST /v1/companies': () => ({ json: { nip: '9999999999', name: 'New' }, provider: true }),
  'GET /v1/companies/:companyId': () => ({}),
  'GET /v1/companies/:companyId/integrations': () => ({}),
  'POST /v1/companies/:companyId/integrations': () => ({
    json: { credential: { type: 'token', token: 'a-token' } },
  }),
  'GET /v1/companies/:companyId/integrations/:integrationId': () => ({}),
  'POST /v1/companies/:companyId/integrations/:integrationId/verify': () => ({}),
  'POST /v1/companies/:companyId/integrations/:integrationId/revoke': () => ({}),
  'GET /v1/companies/:companyId/invoices': () => ({}),
  'POST /v1/companies/:companyId/invoices': ({ nip }) => ({ xml: invoiceOf(nip) }),
  'GET /v1/companies/:companyId/invoices/:invoiceId': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/xml': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo': () => ({}),
  'POST /v1/companies/:companyId/invoices/:invoiceId/release': () => ({}),
  'GET /v1/api-keys': () => ({}),
  'POST /v1/api-keys': () => ({ json: { name: 'one more' }, provider: true }),
  'DELETE /v1/api-keys/:apiKeyId': () => ({}),
}

/** The URL of a route with its ids filled in. */
export const urlOf = (route: string, named: Partial<Named>): string =>
  (route.split(' ')[1] ?? '').replace(
    /:([A-Za-z]+)/g,
    (_, name: keyof Named) => named[name] ?? crypto.randomUUID(),
  )
