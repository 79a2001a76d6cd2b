import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { operationOf } from '../operation.ts'
import { KsefRefusal } from '../refusal.ts'
import type { World } from '../world.ts'
import type { Fault } from './faults.ts'

/**
 * Where faults touch a request: before its handler, or between its effect and its answer. Also where every call
 * enters the ledger.
 */
declare module 'fastify' {
  interface FastifyRequest {
    ksefFault?: Fault
  }
}

const runsFirst = (fault: Fault): boolean =>
  fault.mode.endsWith('after-effect') || fault.mode === 'trickle' || fault.afterEffect === true

/** A text body is what a firewall in front of KSeF would say; anything else is JSON. */
function answerWith(fault: Fault, reply: FastifyReply): string {
  const isText = typeof fault.body === 'string'
  reply.code(fault.httpStatus ?? 500).removeHeader('content-length')
  reply.type(isText ? 'text/html' : 'application/json').headers(fault.headers ?? {})
  return isText ? String(fault.body) : JSON.stringify(fault.body ?? null)
}

/** Says nothing until the caller gives up. */
async function silence(request: FastifyRequest): Promise<void> {
  const { socket } = request.raw
  if (!socket.destroyed) await once(socket, 'close')
}

const TRICKLE_PIECES = 8

/** The same bytes, in pieces with pauses between them. */
async function* trickle(body: Buffer, ms: number): AsyncGenerator<Buffer> {
  const size = Math.max(1, Math.ceil(body.length / TRICKLE_PIECES))
  for (let start = 0; start < body.length; start += size) {
    await wait(ms / TRICKLE_PIECES)
    yield body.subarray(start, start + size)
  }
}

const bytesOf = (payload: unknown): Buffer =>
  Buffer.isBuffer(payload) ? payload : Buffer.from(String(payload ?? ''))

async function beforeEffect(fault: Fault, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (fault.mode === 'reset-before-effect') {
    reply.hijack()
    request.raw.socket.resetAndDestroy()
  } else if (fault.mode === 'delay') {
    await wait(fault.ms ?? 0)
  } else if (fault.mode === 'hang') {
    await silence(request)
    reply.hijack()
  } else if (fault.mode === 'refusal') {
    throw new KsefRefusal(fault.code ?? 21405)
  } else if (fault.mode === 'status') {
    await reply.send(answerWith(fault, reply))
  }
}

/** Sends the head and half of the body, then cuts the line. */
function cutBody(reply: FastifyReply, payload: unknown): void {
  const body = bytesOf(payload)
  reply.hijack()
  reply.raw.writeHead(reply.statusCode, {
    'content-type': 'application/json',
    'content-length': body.length || 100,
  })
  reply.raw.write(body.subarray(0, Math.floor(body.length / 2)), () => reply.raw.socket?.destroy())
}

async function afterEffect(
  fault: Fault,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  payload: unknown,
): Promise<unknown> {
  if (fault.mode === 'drop-answer-after-effect') {
    reply.hijack()
    reply.raw.socket?.destroy()
  } else if (fault.mode === 'cut-body-after-effect') {
    cutBody(reply, payload)
  } else if (fault.mode === 'delay') {
    await wait(fault.ms ?? 0)
  } else if (fault.mode === 'hang') {
    await silence(request)
  } else if (fault.mode === 'trickle') {
    reply.removeHeader('content-length')
    return Readable.from(trickle(bytesOf(payload), fault.ms ?? 0))
  } else if (fault.mode === 'status') {
    return answerWith(fault, reply)
  }
  return payload
}

/** What the ledger says of a call whose connection was reset before anything happened. */
const NO_ANSWER = 0

function recordCall(world: World, request: FastifyRequest, httpStatus: number): void {
  const operation = operationOf(request)
  if (operation === undefined) return
  world.ledger.recordCall({
    at: world.clock.now().toISOString(),
    operation,
    path: request.url.split('?', 1)[0] ?? '',
    httpStatus,
    ...(request.ksefFault === undefined ? {} : { fault: request.ksefFault.mode }),
    ...(request.ksefContext === undefined ? {} : { context: request.ksefContext }),
  })
}

export function injectFaults(app: FastifyInstance, world: World): void {
  app.addHook('preHandler', async (request, reply) => {
    const operation = operationOf(request)
    const fault = operation === undefined ? undefined : world.faults.strike(operation)
    if (fault === undefined) return
    request.ksefFault = fault
    if (fault.mode === 'reset-before-effect' || (fault.mode === 'hang' && !runsFirst(fault)))
      recordCall(world, request, NO_ANSWER)
    if (!runsFirst(fault)) await beforeEffect(fault, request, reply)
  })

  app.addHook('onSend', async (request, reply, payload) => {
    recordCall(world, request, reply.statusCode)
    const fault = request.ksefFault
    return fault !== undefined && runsFirst(fault) ? afterEffect(fault, { request, reply }, payload) : payload
  })
}
