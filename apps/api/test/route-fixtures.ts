/**
 * One lawful request for each route of `/v1`. The walks go over Fastify's own list of routes, so a route without an
 * entry here fails them.
 */
import type { Call, Party } from './running-api.ts'
import { invoiceOf } from './running-api.ts'

/** `named` fills the path: ids of one's own, or ids that must lead nowhere. */
export type Named = {
  companyId: string
  integrationId: string
  credentialId: string
  invoiceId: string
  apiKeyId: string
}

/** `provider`: with a provider's key only. */
export type Fixture = Pick<Call, 'json' | 'xml'> & { provider?: true }

const TOKEN = { type: 'token', token: 'a-token-of-some-length' }
const PEM = { type: 'certificate', certificatePem: 'PEM', privateKeyPem: 'PEM' }

export const FIXTURES: Record<string, (company: Pick<Party, 'nip'>) => Fixture> = {
  'GET /v1/companies': () => ({}),
  'POST /v1/companies': () => ({ json: { nip: '9999999999', name: 'New' }, provider: true }),
  'GET /v1/companies/:companyId': () => ({}),
  'GET /v1/companies/:companyId/integrations': () => ({}),
  'POST /v1/companies/:companyId/integrations': () => ({
    json: { credential: TOKEN },
  }),
  'GET /v1/companies/:companyId/integrations/:integrationId': () => ({}),
  'POST /v1/companies/:companyId/integrations/:integrationId/verify': () => ({}),
  'POST /v1/companies/:companyId/integrations/:integrationId/revoke': () => ({}),
  'PUT /v1/companies/:companyId/integrations/:integrationId/scopes': () => ({
    json: { scopes: ['InvoiceRead'] },
  }),
  'POST /v1/companies/:companyId/integrations/:integrationId/attestation': () => ({
    json: { statement: 'a contract was seen' },
    provider: true,
  }),
  'DELETE /v1/companies/:companyId/integrations/:integrationId/attestation': () => ({ provider: true }),
  'GET /v1/credentials': () => ({ provider: true }),
  'POST /v1/credentials': () => ({ json: { name: 'new', credential: PEM }, provider: true }),
  'GET /v1/credentials/:credentialId': () => ({ provider: true }),
  'POST /v1/credentials/:credentialId/prove': () => ({ provider: true }),
  'POST /v1/credentials/:credentialId/rotate': () => ({ json: { enrol: true }, provider: true }),
  'POST /v1/credentials/:credentialId/revoke': () => ({ provider: true }),
  'GET /v1/companies/:companyId/credentials': () => ({}),
  'POST /v1/companies/:companyId/credentials': () => ({ json: { name: 'new', credential: TOKEN } }),
  'GET /v1/companies/:companyId/credentials/:credentialId': () => ({}),
  'POST /v1/companies/:companyId/credentials/:credentialId/prove': () => ({}),
  'POST /v1/companies/:companyId/credentials/:credentialId/rotate': () => ({ json: { generate: true } }),
  'POST /v1/companies/:companyId/credentials/:credentialId/revoke': () => ({}),
  'GET /v1/companies/:companyId/status': () => ({}),
  'GET /v1/companies/:companyId/doctor': () => ({}),
  'GET /v1/companies/:companyId/permissions': () => ({}),
  'GET /v1/companies/:companyId/audit': () => ({}),
  'GET /v1/audit': () => ({ provider: true }),
  'GET /v1/audit/chain': () => ({ provider: true }),
  'POST /v1/companies/:companyId/offboard': () => ({ provider: true }),
  'GET /v1/companies/:companyId/invoices': () => ({}),
  'POST /v1/companies/:companyId/invoices': ({ nip }) => ({ xml: invoiceOf(nip) }),
  'GET /v1/companies/:companyId/invoices/:invoiceId': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/xml': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo': () => ({}),
  'POST /v1/companies/:companyId/invoices/:invoiceId/release': () => ({}),
  'GET /v1/api-keys': () => ({}),
  'POST /v1/api-keys': () => ({ json: { name: 'one more' }, provider: true }),
  'POST /v1/api-keys/:apiKeyId/rotate': () => ({ json: {} }),
  'DELETE /v1/api-keys/:apiKeyId': () => ({}),
}

/** What a route does not go without. */
const QUERIES: Record<string, string> = { 'GET /v1/audit/chain': '?day=2026-11-22' }

/** The URL of a route with its ids filled in. */
export const urlOf = (route: string, named: Partial<Named>): string => {
  const path = route.split(' ')[1] ?? ''
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: keyof Named) => named[name] ?? crypto.randomUUID())
  return `${filled}${QUERIES[route] ?? ''}`
}
