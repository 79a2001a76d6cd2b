/** The server, put together: everything it touches is given, nothing listens yet. */
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { type AllowedMethods, watchRoutes } from './allowed-methods.ts'
import { countFailedKeys, type FailedKeys, requireApiKey } from './authentication.ts'
import { JSON_BYTES_MAX, refuseEncodedBodies, takeJson } from './body-parsing.ts'
import { boundBodies, UPLOAD_WITHIN_MS } from './body-times.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { guardCompanyInPath } from './company-door.ts'
import type { ApiDependencies } from './dependencies.ts'
import { handleErrors, sendProblem } from './error-handling.ts'
import { health } from './health.ts'
import { auditUses } from './key-use.ts'
import { serveMetrics } from './metrics.ts'
import { describeRoutes, serveDocumentation } from './openapi.ts'
import { serveOpsBoard } from './ops-board.ts'
import { carryRequestContext, requestIdOf } from './request-context.ts'
import { logRequests } from './request-log.ts'
import { requireRoles } from './route-roles.ts'
import { apiKeyActions, apiKeys } from './routes/api-keys.ts'
import { attestation } from './routes/attestation.ts'
import { audit } from './routes/audit.ts'
import { batchAcceptance } from './routes/batch-acceptance.ts'
import { batches } from './routes/batches.ts'
import { companies } from './routes/companies.ts'
import { companyEnd, companyStatus } from './routes/company-status.ts'
import { credentialActions } from './routes/credential-actions.ts'
import { credentials } from './routes/credentials.ts'
import { documentErasure } from './routes/document-erasure.ts'
import { documentExport } from './routes/document-export.ts'
import { documents } from './routes/documents.ts'
import { eventStreams } from './routes/event-streams.ts'
import { events } from './routes/events.ts'
import { integrationActions } from './routes/integration-actions.ts'
import { integrations } from './routes/integrations.ts'
import { invoiceAcceptance } from './routes/invoice-acceptance.ts'
import { invoiceActions, invoicesActions } from './routes/invoice-actions.ts'
import { invoiceCodes, invoicePapers } from './routes/invoice-papers.ts'
import { invoiceValidation } from './routes/invoice-validation.ts'
import { invoices } from './routes/invoices.ts'
import { offline } from './routes/offline.ts'
import { outages } from './routes/outages.ts'
import { providerDoctor } from './routes/provider-doctor.ts'
import { sync } from './routes/sync.ts'
import { technicalCorrection } from './routes/technical-correction.ts'
import { webhookActions } from './routes/webhook-actions.ts'
import { webhookDeliveries } from './routes/webhook-deliveries.ts'
import { webhooks } from './routes/webhooks.ts'

const SECOND_MS = 1_000

/**
 * Fastify's defaults leave requests without an end; each of these is one a lawful request never meets. Node has one limit
 * for bodies of all routes, so that of an upload; `boundBodies` holds the others to theirs.
 */
const TIMES = {
  requestTimeout: UPLOAD_WITHIN_MS + 60 * SECOND_MS,
  connectionTimeout: 75 * SECOND_MS,
  keepAliveTimeout: 72 * SECOND_MS,
  handlerTimeout: 30 * SECOND_MS,
}
const HEADERS_WITHIN_MS = 15 * SECOND_MS
const HEADER_BYTES_MAX = 16_384

/** Longer than any id, so that an over-long one reaches the door that answers it like any unknown id. */
const PARAM_CHARACTERS_MAX = 200

export async function buildServer(deps: ApiDependencies): Promise<FastifyInstance> {
  const app = bareServer(deps)
  const allowed = watchRoutes(app)
  carryRequestContext(app, deps.randomBytes)
  boundBodies(app)
  logRequests(app)
  handleErrors(app, allowed)
  await protect(app)
  const failedKeys = countFailedKeys(app, deps.failedKeysPerMinuteMax)
  await describeRoutes(app, deps.publicUrl)
  await app.register(health(deps.readiness))
  serveMetrics(app, deps)
  await serveDocumentation(app)
  if (deps.ops !== null) await serveOpsBoard(app, deps.ops, failedKeys)
  await app.register(async (v1) => serveV1(v1, { ...deps, failedKeys }), { prefix: '/v1' })
  app.decorate(ROUTES, allowed)
  return app
}

const ROUTES = Symbol('routes')

/** Every route of a built server, for tests that must not miss one. */
export const routesOf = (app: FastifyInstance): AllowedMethods => app.getDecorator<AllowedMethods>(ROUTES)

function bareServer(deps: ApiDependencies): FastifyInstance {
  const app = Fastify({
    ...TIMES,
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: JSON_BYTES_MAX,
    trustProxy: deps.trustedProxies.length === 0 ? false : [...deps.trustedProxies],
    genReqId: (request) => requestIdOf(request.headers['x-request-id'], deps.newId),
    routerOptions: { maxParamLength: PARAM_CHARACTERS_MAX },
    http: { headersTimeout: HEADERS_WITHIN_MS, maxHeaderSize: HEADER_BYTES_MAX },
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply)
    },
    clientErrorHandler: answerBrokenRequest,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app
}

/** Nothing here is a page, may be framed, kept in a cache or called from another site's script. */
async function protect(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
  })
  app.addHook('onRequest', async (_, reply) => {
    reply.header('cache-control', 'no-store')
  })
  refuseEncodedBodies(app)
  takeJson(app)
  await app.register(rateLimit, { global: false })
}

async function serveV1(
  v1: FastifyInstance,
  deps: ApiDependencies & { failedKeys: FailedKeys },
): Promise<void> {
  requireApiKey(v1, deps)
  auditUses(v1, deps)
  guardCompanyInPath(v1)
  requireRoles(v1)
  const routes = [
    companies,
    companyStatus,
    sync,
    integrations,
    integrationActions,
    attestation,
    credentials,
    credentialActions,
    invoices,
    invoicePapers,
    invoiceCodes,
    invoiceAcceptance,
    invoiceValidation,
    invoiceActions,
    invoicesActions,
    technicalCorrection,
    offline,
    outages,
    providerDoctor,
    batches,
    batchAcceptance,
    documents,
    documentExport,
    documentErasure,
    events,
    eventStreams,
    webhooks,
    webhookActions,
    webhookDeliveries,
    apiKeys,
    apiKeyActions,
    audit,
    companyEnd,
  ]
  for (const route of routes) await v1.register(route(deps))
}
