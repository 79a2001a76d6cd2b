import type { FastifyInstance } from 'fastify'
import { KsefRefusal } from '../refusal.ts'
import { object } from '../request-schemas.ts'
import type { World } from '../world.ts'
import { FAULT_MODES, type Fault } from './faults.ts'

/** The control plane under `/_simulator`: no part of KSeF. Health, faults, the ledger, list lag, key rotation, the clock. */
const faultBody = object(['operation', 'mode'], {
  operation: { type: 'string', pattern: '^(GET|POST|PUT|DELETE) /' },
  mode: { type: 'string', enum: FAULT_MODES },
  times: { type: 'integer', minimum: 1 },
  skip: { type: 'integer', minimum: 0 },
  afterEffect: { type: 'boolean' },
  httpStatus: { type: 'integer', minimum: 200, maximum: 599 },
  headers: { type: 'object', additionalProperties: { type: 'string' } },
  ms: { type: 'integer', minimum: 0 },
})
const rotationBody = object(['mode'], { mode: { type: 'string', enum: ['planned', 'emergency'] } })
const lagBody = object(['ms'], { ms: { type: 'integer', minimum: 0 } })
const clockBody = object(['offsetMs'], { offsetMs: { type: 'integer' } })

/** @throws KsefRefusal 21405 for an operation that does not exist: its fault would never strike. */
export function refuseUnknown(world: World, fault: Fault): void {
  if (world.operations.has(fault.operation)) return
  throw new KsefRefusal(21405, `There is no operation ${fault.operation}; spell it as in the OpenAPI.`)
}

export function controlPlane(app: FastifyInstance, world: World): void {
  app.get('/health', () => ({ status: 'ok' }))

  app.post<{ Body: Fault }>('/faults', { schema: { body: faultBody } }, (request, reply) => {
    refuseUnknown(world, request.body)
    world.faults.add(request.body)
    return reply.code(201).send({ armed: world.faults.list() })
  })
  app.get('/faults', () => ({ armed: world.faults.list() }))
  app.delete('/faults', (_request, reply) => {
    world.faults.clear()
    return reply.code(204).send()
  })

  app.get('/ledger', () => world.ledger.snapshot())
  app.get('/ledger/calls', () => ({ calls: world.ledger.calls() }))

  app.post<{ Body: { ms: number } }>('/list-lag', { schema: { body: lagBody } }, (request, reply) => {
    world.settings.listLagMs = request.body.ms
    return reply.code(204).send()
  })

  type Rotation = { mode: 'planned' | 'emergency' }
  app.post<{ Body: Rotation }>('/keys/rotate', { schema: { body: rotationBody } }, async (request, reply) => {
    await world.keys.rotate(request.body.mode)
    return reply.code(204).send()
  })

  app.post<{ Body: { offsetMs: number } }>('/clock', { schema: { body: clockBody } }, (request) => {
    world.clock.shift(request.body.offsetMs)
    return { now: world.clock.now().toISOString() }
  })
}
