/**
 * One lawful request for each route of `/v1`. The walks go over Fastify's own list of routes, so a route without an
 * entry here fails them.
 */
import type { Call, Party } from './running-api.ts'
import { invoiceOf } from './running-api.ts'
import { filesOf } from './uploads.ts'

/** `named` fills the path: ids of one's own, or ids that must lead nowhere. */
export type Named = {
  companyId: string
  integrationId: string
  credentialId: string
  invoiceId: string
  batchId: string
  documentId: string
  apiKeyId: string
  webhookId: string
  outageId?: string
  eventId: string
}

/** `provider`: with a provider's key only. */
export type Fixture = Pick<Call, 'json' | 'xml' | 'upload'> & { provider?: true }

const TOKEN = { type: 'token', token: 'a-token-of-some-length' }
const PEM = { type: 'certificate', certificatePem: 'PEM', privateKeyPem: 'PEM' }

export const FIXTURES: Record<string, (company: Pick<Party, 'nip'>) => Fixture> = {
  'GET /v1/companies': () => ({}),
  'POST /v1/companies': () => ({ json: { nip: '9999999999', name: 'New' }, provider: true }),
  'GET /v1/companies/:companyId': () => ({}),
  'PATCH /v1/companies/:companyId': () => ({ json: { address: { line1: 'ul. Nowa 2' } } }),
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
  'GET /v1/doctor': () => ({ provider: true }),
  'GET /v1/companies/:companyId/permissions': () => ({}),
  'GET /v1/companies/:companyId/sync': () => ({}),
  'POST /v1/companies/:companyId/sync': () => ({ json: {} }),
  'PUT /v1/companies/:companyId/sync': () => ({ json: { roles: ['Subject1'], intervalMinutes: 60 } }),
  'GET /v1/companies/:companyId/audit': () => ({}),
  'GET /v1/audit': () => ({ provider: true }),
  'GET /v1/audit/chain': () => ({ provider: true }),
  'POST /v1/companies/:companyId/offboard': () => ({ provider: true }),
  'GET /v1/companies/:companyId/invoices': () => ({}),
  'POST /v1/companies/:companyId/invoices': ({ nip }) => ({ xml: invoiceOf(nip) }),
  'POST /v1/companies/:companyId/invoices/validate': ({ nip }) => ({ xml: invoiceOf(nip) }),
  'GET /v1/companies/:companyId/invoices/:invoiceId': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/xml': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo/pdf': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/upo/html': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/pdf': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/html': () => ({}),
  'GET /v1/companies/:companyId/invoices/:invoiceId/qr': () => ({}),
  'POST /v1/companies/:companyId/invoices/:invoiceId/hold': () => ({ json: { note: 'not yet' } }),
  'POST /v1/companies/:companyId/invoices/:invoiceId/release': () => ({}),
  'POST /v1/companies/:companyId/invoices/:invoiceId/retry': () => ({}),
  'POST /v1/companies/:companyId/invoices/:invoiceId/technical-correction': ({ nip }) => ({
    xml: invoiceOf(nip),
  }),
  'POST /v1/companies/:companyId/invoices/hold': () => ({}),
  'POST /v1/companies/:companyId/invoices/release': () => ({}),
  'GET /v1/companies/:companyId/batches': () => ({}),
  'POST /v1/companies/:companyId/batches': ({ nip }) => ({ upload: filesOf({ 'a.xml': invoiceOf(nip) }) }),
  'GET /v1/companies/:companyId/batches/:batchId': () => ({}),
  'GET /v1/companies/:companyId/offline': () => ({}),
  'PUT /v1/companies/:companyId/offline': () => ({ json: { automatic: true } }),
  'GET /v1/ksef': () => ({}),
  'POST /v1/ksef/outages': () => ({
    json: { kind: 'failure', startAt: '2026-11-20T09:00:00Z', endAt: '2026-11-20T10:00:00Z', note: 'BIP' },
    provider: true,
  }),
  'POST /v1/ksef/outages/:outageId/end': () => ({
    json: { endAt: '2026-11-21T09:00:00Z' },
    provider: true,
  }),
  'DELETE /v1/ksef/outages/:outageId': () => ({ provider: true }),
  'GET /v1/companies/:companyId/documents': () => ({}),
  'GET /v1/companies/:companyId/documents/export': () => ({}),
  'GET /v1/companies/:companyId/documents/:documentId': () => ({}),
  'GET /v1/companies/:companyId/documents/:documentId/xml': () => ({}),
  'GET /v1/companies/:companyId/documents/:documentId/upo': () => ({}),
  'POST /v1/companies/:companyId/documents/:documentId/erasure': () => ({
    json: { reason: 'asked for by the court' },
    provider: true,
  }),
  'GET /v1/companies/:companyId/events': () => ({}),
  'GET /v1/companies/:companyId/events/stream': () => ({}),
  'GET /v1/events': () => ({ provider: true }),
  'GET /v1/events/stream': () => ({ provider: true }),
  'GET /v1/companies/:companyId/webhooks': () => ({}),
  'POST /v1/companies/:companyId/webhooks': () => ({ json: { url: 'https://receiver.example/' } }),
  'GET /v1/companies/:companyId/webhooks/:webhookId': () => ({}),
  'PATCH /v1/companies/:companyId/webhooks/:webhookId': () => ({ json: { name: 'other' } }),
  'DELETE /v1/companies/:companyId/webhooks/:webhookId': () => ({}),
  'POST /v1/companies/:companyId/webhooks/:webhookId/rotate-secret': () => ({ json: {} }),
  'POST /v1/companies/:companyId/webhooks/:webhookId/test': () => ({}),
  'POST /v1/companies/:companyId/webhooks/:webhookId/redeliver': () => ({ json: { after: 0 } }),
  'GET /v1/companies/:companyId/webhooks/:webhookId/deliveries': () => ({}),
  'GET /v1/companies/:companyId/webhooks/:webhookId/deliveries/:eventId': () => ({}),
  'POST /v1/companies/:companyId/webhooks/:webhookId/deliveries/:eventId/redeliver': () => ({}),
  'GET /v1/webhooks': () => ({ provider: true }),
  'POST /v1/webhooks': () => ({ json: { url: 'https://receiver.example/' }, provider: true }),
  'GET /v1/webhooks/:webhookId': () => ({ provider: true }),
  'PATCH /v1/webhooks/:webhookId': () => ({ json: { name: 'other' }, provider: true }),
  'DELETE /v1/webhooks/:webhookId': () => ({ provider: true }),
  'POST /v1/webhooks/:webhookId/rotate-secret': () => ({ json: {}, provider: true }),
  'POST /v1/webhooks/:webhookId/test': () => ({ provider: true }),
  'POST /v1/webhooks/:webhookId/redeliver': () => ({ json: { after: 0 }, provider: true }),
  'GET /v1/webhooks/:webhookId/deliveries': () => ({ provider: true }),
  'GET /v1/webhooks/:webhookId/deliveries/:eventId': () => ({ provider: true }),
  'POST /v1/webhooks/:webhookId/deliveries/:eventId/redeliver': () => ({ provider: true }),
  'GET /v1/api-keys': () => ({}),
  'POST /v1/api-keys': () => ({ json: { name: 'one more' }, provider: true }),
  'POST /v1/api-keys/:apiKeyId/rotate': () => ({ json: {} }),
  'DELETE /v1/api-keys/:apiKeyId': () => ({}),
}

/** What a route does not go without. */
const QUERIES: Record<string, string> = {
  'GET /v1/audit/chain': '?day=2026-11-22',
  'GET /v1/events/stream': '?seconds=0',
  'GET /v1/companies/:companyId/events/stream': '?seconds=0',
}

const unknownId = (name: keyof Named): string =>
  name === 'eventId' ? `evt_${crypto.randomUUID()}_1` : crypto.randomUUID()

/** The URL of a route with its ids filled in. */
export const urlOf = (route: string, named: Partial<Named>): string => {
  const path = route.split(' ')[1] ?? ''
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: keyof Named) => named[name] ?? unknownId(name))
  return `${filled}${QUERIES[route] ?? ''}`
}
