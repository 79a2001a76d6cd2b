/** How long a body may take to arrive: short where it is small, long where it is an upload. */
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { answerBrokenRequest } from './broken-request.ts'

const MINUTE_MS = 60_000
const BODY_WITHIN_MS = MINUTE_MS

/** For an upload, and then for what is done with it before the answer. */
export const UPLOAD_WITHIN_MS = 15 * MINUTE_MS
export const UPLOAD_ANSWERED_WITHIN_MS = 30 * MINUTE_MS

const TIMER = 'bodyTimer'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route reads its body itself, and sees to its time. */
    readsItsBody?: boolean
  }
}

/** Ends requests whose body is not there in time, as Node does with those of the longest. */
export function boundBodies(app: FastifyInstance, withinMs = BODY_WITHIN_MS): void {
  app.decorateRequest(TIMER, null)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.readsItsBody === true) return
    const timer = setTimeout(() => giveUp(request, reply), withinMs)
    timer.unref()
    request.setDecorator<NodeJS.Timeout | null>(TIMER, timer)
  })
  const clear = async (request: FastifyRequest) => {
    const timer = request.getDecorator<NodeJS.Timeout | null>(TIMER)
    if (timer !== null) clearTimeout(timer)
  }
  // The body has been parsed; what answers without a body being read leaves the rest of it to Node.
  app.addHook('preValidation', clear)
  app.addHook('onResponse', clear)
}

function giveUp(request: FastifyRequest, reply: FastifyReply): void {
  const { socket } = request.raw
  if (!reply.sent) answerBrokenRequest(LATE, socket)
  socket.destroySoon()
}

const LATE = Object.assign(new Error('the body did not arrive in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })

/** While an upload is worked on its connection is silent, which is no reason to hang up. */
export function keepConnection(request: FastifyRequest): void {
  const { socket } = request.raw
  // Node sets the limit anew with the next request of the connection. An injected request has none.
  if (socket instanceof Socket) socket.setTimeout(UPLOAD_ANSWERED_WITHIN_MS)
}
