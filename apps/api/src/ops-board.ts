/**
 * The operators' board over the queues (Bull Board), at `/ops/queues`. It ships without any door, so the doors are here:
 * sign-in as `ops` for everything under it, scripts included, and for whatever changes something, proof that the request
 * comes from the board itself. Job payloads are ids, so the board shows no more.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import basicAuth from '@fastify/basic-auth'
import { FleetError } from '@ksef-fleet/core'
import type { Sealed } from '@ksef-fleet/ksef'
import type { Queue } from 'bullmq'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { FailedKeys } from './authentication.ts'
import { sendProblem } from './error-handling.ts'
import { failureOf } from './failure.ts'

export type BoardQueue = Queue

const BASE_PATH = '/ops/queues'

/** The board's page starts from an inline configuration. */
const BOARD_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"

export type OpsBoard = {
  password: Sealed<string>
  queues: readonly BoardQueue[]
  /** Resolves while Redis answers. */
  ping: () => Promise<void>
}

export async function serveOpsBoard(
  app: FastifyInstance,
  board: OpsBoard,
  failedSignIns: FailedKeys,
): Promise<void> {
  const adapter = new FastifyAdapter()
  adapter.setBasePath(BASE_PATH)
  createBullBoard({
    queues: board.queues.map((queue) => new BullMQAdapter(queue)),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'KSeF Fleet' } },
  })
  await app.register(async (scope) => {
    const signIn = await signInAsOps(scope, board.password)
    // Bull Board answers what is thrown in a form of its own, so refusals are sent from here.
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('content-security-policy', BOARD_POLICY)
      const refusal =
        (await signIn(request, reply, failedSignIns)) ?? crossSite(request) ?? (await without(board))
      if (refusal !== null) return sendProblem(refusal, request, reply)
    })
    await scope.register(adapter.registerPlugin(), { prefix: BASE_PATH })
  })
}

type SignIn = (request: FastifyRequest, reply: FastifyReply, failed: FailedKeys) => Promise<FleetError | null>

async function signInAsOps(scope: FastifyInstance, password: Sealed<string>): Promise<SignIn> {
  await scope.register(basicAuth, {
    validate: async (name, given) => {
      // Both are compared, so that a wrong name takes as long as a wrong password.
      const fits = [isSame(name, 'ops'), isSame(given, password.reveal())]
      if (!fits.every(Boolean)) throw new FleetError('UNAUTHENTICATED')
    },
  })
  return async (request, reply, failed) => {
    const error = await new Promise((resolve) => {
      scope.basicAuth.call(scope, request, reply, resolve)
    })
    if (error === undefined || error === null) return null
    reply.header('www-authenticate', 'Basic realm="ksef-fleet operators", charset="UTF-8"')
    const counted = await failed.count(request).then(
      () => null,
      (thrown) => failureOf(thrown),
    )
    return counted ?? new FleetError('UNAUTHENTICATED', { detail: 'Sign in as `ops`.' })
  }
}

const crossSite = (request: FastifyRequest): FleetError | null =>
  request.method === 'GET' || request.method === 'HEAD' || isSameSite(request)
    ? null
    : new FleetError('CROSS_SITE_REFUSED')

/** Without Redis the board would wait and wait; it says so at once instead. */
const without = (board: OpsBoard): Promise<FleetError | null> =>
  board.ping().then(
    () => null,
    () => new FleetError('QUEUES_UNAVAILABLE'),
  )

/** Browsers name where a changing request comes from; one that names nothing is not from the board. */
function isSameSite(request: FastifyRequest): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return false
  const { origin } = request.headers
  if (origin === undefined || !URL.canParse(origin)) return false
  return new URL(origin).host === request.headers.host
}

/** In time that tells nothing of where the two differ. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
