import { Ajv } from 'ajv'
import ajvFormats from 'ajv-formats'
import fastify, { type FastifyInstance } from 'fastify'
import { enforceContract, readContract } from './contract.ts'
import { refuseUnknown } from './control/control.ts'
import { injectFaults } from './control/injection.ts'
import { forcedOutcomes } from './control/outcomes.ts'
import { controlPlane } from './control/routes.ts'
import { addUnknownFields } from './control/unknown-fields.ts'
import { refuseStrangers } from './gate.ts'
import { enforceLimits } from './limits/enforcement.ts'
import { API_PREFIX, operationName } from './operation.ts'
import { speakProblems } from './problem.ts'
import { requirePermissions } from './required-permissions.ts'
import { access } from './routes/access.ts'
import { activeSessions } from './routes/active-sessions.ts'
import { batchSession } from './routes/batch-session.ts'
import { batchStorage } from './routes/batch-storage.ts'
import { certificateEnrollments } from './routes/certificate-enrollments.ts'
import { certificates } from './routes/certificates.ts'
import { exportStorage } from './routes/export-storage.ts'
import { grantedPermissions } from './routes/granted-permissions.ts'
import { invoiceExport } from './routes/invoice-export.ts'
import { invoiceRetrieval } from './routes/invoice-retrieval.ts'
import { ksefTokens } from './routes/ksef-tokens.ts'
import { lighthousePages } from './routes/lighthouse.ts'
import { limits } from './routes/limits.ts'
import { onlineSession } from './routes/online-session.ts'
import { permissionGrants } from './routes/permission-grants.ts'
import { permissionQueries } from './routes/permission-queries.ts'
import { publicKeyCertificates } from './routes/public-key-certificates.ts'
import { sessionStatus } from './routes/session-status.ts'
import { testData } from './routes/test-data.ts'
import { unimplemented } from './routes/unimplemented.ts'
import { upoStorage } from './routes/upo-storage.ts'
import { verificationPages } from './routes/verification-pages.ts'
import { remember } from './state/remember.ts'
import type { World } from './world.ts'

/** One entry per official OpenAPI tag; a new storey is a new file and a line here. */
const TAGS = [
  publicKeyCertificates,
  access,
  activeSessions,
  ksefTokens,
  onlineSession,
  batchSession,
  sessionStatus,
  invoiceRetrieval,
  invoiceExport,
  permissionQueries,
  permissionGrants,
  grantedPermissions,
  limits,
  certificateEnrollments,
  certificates,
  testData,
]

/** An invoice of 3 MB, encrypted and in Base64, with room around it. */
const BODY_BYTES_MAX = 8_000_000

function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(['application/json'], { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? null : JSON.parse(String(body)))
    } catch (error) {
      done(Object.assign(new Error(`JSON: ${String(error)}`), { statusCode: 400 }))
    }
  })
  app.addContentTypeParser(['application/xml', 'text/xml'], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
}

/** Ajv keeps what it compiled by the schema, and that is most of a start: so the next server of this process has it. */
const STRICT = ajvFormats.default(new Ajv({ allErrors: true, useDefaults: true, strict: false }))
const CONVERTING = ajvFormats.default(
  new Ajv({ allErrors: true, useDefaults: true, strict: false, coerceTypes: true }),
)

/** Bodies are checked as they are; only query strings and paths, being text, are converted. */
function checkRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'body' ? STRICT : CONVERTING).compile(schema),
  )
}

/** KSeF returns the warning that a caller asks for by `X-Test-System-Warning` (OpenAPI, schema SystemWarning). */
function echoSystemWarnings(app: FastifyInstance, world: World): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const wanted = request.headers['x-test-system-warning'] ?? world.outcomes.systemWarning
    if (wanted !== undefined) reply.header('x-system-warning', wanted)
    return payload
  })
}

/** Notes every operation as it is declared, so that a fault for one that does not exist is refused. */
function noteOperations(app: FastifyInstance, operations: Set<string>): void {
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) {
      const operation = operationName(one, url)
      if (operation !== undefined) operations.add(operation)
    }
  })
}

export async function buildServer(world: World): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
  })
  acceptBodies(app)
  checkRequests(app)
  speakProblems(app, world.clock)
  if (world.settings.contractFile !== undefined)
    enforceContract(app, readContract(world.settings.contractFile))
  remember(app, world)
  addUnknownFields(app, world)
  injectFaults(app, world)
  echoSystemWarnings(app, world)
  noteOperations(app, world.operations)
  await app.register(
    async (api) => {
      refuseStrangers(api, world)
      enforceLimits(api, world)
      requirePermissions(api, world)
      for (const tag of TAGS) tag(api, world)
    },
    { prefix: API_PREFIX },
  )
  await app.register(async (api) => unimplemented(api), { prefix: API_PREFIX })
  await app.register(
    async (control) => {
      controlPlane(control, world)
      forcedOutcomes(control, world)
    },
    { prefix: '/_simulator' },
  )
  upoStorage(app, world)
  exportStorage(app, world)
  lighthousePages(app, world)
  verificationPages(app, world)
  await app.register(async (storage) => batchStorage(storage, world))
  app.addHook('onClose', async () => {
    await Promise.all([world.batchQueue.close(), world.exportQueue.close()])
    await world.spool.close()
  })
  for (const fault of world.faults.list()) refuseUnknown(world, fault)
  return app
}
