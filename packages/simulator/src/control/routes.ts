import type { FastifyInstance } from 'fastify'
import { DELAY_KINDS, type ProcessingDelays } from '../processing-delays.ts'
import { KsefRefusal } from '../refusal.ts'
import { type SessionPath, sessionPath } from '../request-schemas.ts'
import type { ImposedStatus } from '../stores/sessions.ts'
import type { World } from '../world.ts'
import { authorizationControl } from './authorizations.ts'
import * as body from './bodies.ts'
import { createControl } from './control.ts'
import type { Fault } from './faults.ts'
import { issuingControl } from './issuing.ts'
import type { LighthouseMessage, LighthouseStatus } from './lighthouse.ts'
import { MISBEHAVIOUR_MEMBERS, type Misbehaviour } from './misbehaviours.ts'
import type { Revocation } from './revocation.ts'

/** The control plane under `/_simulator`: no part of KSeF, and one route for each thing that Control can do. */
export function controlPlane(app: FastifyInstance, world: World): void {
  app.get('/health', () => ({ status: 'ok', seed: world.randomness.seed }))
  armed(app, world)
  time(app, world)
  events(app, world)
  authorizationControl(app, world)
  issuingControl(app, world)
  app.get('/ledger', () => world.ledger.snapshot())
  app.get('/ledger/calls', () => ({ calls: world.ledger.calls() }))
}

function armed(app: FastifyInstance, world: World): void {
  const control = createControl(world)
  const { faults, misbehaviours } = control

  app.post<{ Body: Fault }>('/faults', { schema: { body: body.fault } }, (request, reply) => {
    faults.add(request.body)
    return reply.code(201).send({ armed: faults.list() })
  })
  app.get('/faults', () => ({ armed: faults.list() }))
  app.delete('/faults', (_request, reply) => {
    faults.clear()
    return reply.code(204).send()
  })

  app.post<{ Body: Misbehaviour }>(
    '/misbehaviours',
    { schema: { body: body.misbehaviour } },
    (request, reply) => {
      const missing = MISBEHAVIOUR_MEMBERS[request.body.kind].filter((member) => !(member in request.body))
      if (missing.length > 0) throw new KsefRefusal(21405, `${request.body.kind} needs ${missing.join(', ')}`)
      misbehaviours.add(request.body)
      return reply.code(201).send({ armed: misbehaviours.list() })
    },
  )
  app.get('/misbehaviours', () => ({ armed: misbehaviours.list() }))
  app.delete('/misbehaviours', (_request, reply) => {
    misbehaviours.clear()
    return reply.code(204).send()
  })
}

function time(app: FastifyInstance, world: World): void {
  const control = createControl(world)

  type Move = { offsetMs?: number; advanceMs?: number }
  app.post<{ Body: Move }>('/clock', { schema: { body: body.clock } }, (request) => {
    const { offsetMs, advanceMs } = request.body
    if (offsetMs !== undefined) control.clock.shift(offsetMs)
    if (advanceMs !== undefined) control.clock.advance(advanceMs)
    return { now: control.clock.now().toISOString() }
  })

  app.post<{ Body: ProcessingDelays }>('/delays', { schema: { body: body.delays } }, (request) => {
    control.setDelays(request.body)
    return Object.fromEntries(
      DELAY_KINDS.map((kind) => [kind, world.settings.delaysMs[kind] ?? world.settings.processingDelayMs]),
    )
  })

  app.post<{ Body: { ms: number } }>('/list-lag', { schema: { body: body.lag } }, (request, reply) => {
    control.setListLag(request.body.ms)
    return reply.code(204).send()
  })
}

function events(app: FastifyInstance, world: World): void {
  const control = createControl(world)

  type Rotation = { mode: 'planned' | 'emergency' }
  app.post<{ Body: Rotation }>(
    '/keys/rotate',
    { schema: { body: body.rotation } },
    async (request, reply) => {
      await control.rotateKeys(request.body.mode)
      return reply.code(204).send()
    },
  )

  app.post<{ Body: Revocation }>('/revocations', { schema: { body: body.revocation } }, (request, reply) => {
    control.revoke(request.body)
    return reply.code(204).send()
  })

  const sessionSchema = { params: sessionPath, body: body.imposed }
  app.put<{ Params: SessionPath; Body: ImposedStatus }>(
    '/sessions/:referenceNumber/status',
    { schema: sessionSchema },
    (request, reply) => {
      control.imposeSessionStatus(request.params.referenceNumber, request.body)
      return reply.code(204).send()
    },
  )
  app.delete<{ Params: SessionPath }>(
    '/sessions/:referenceNumber/status',
    { schema: { params: sessionPath } },
    (request, reply) => {
      control.imposeSessionStatus(request.params.referenceNumber, undefined)
      return reply.code(204).send()
    },
  )

  type Shown = { status: LighthouseStatus; messages?: LighthouseMessage[] }
  app.post<{ Body: Shown }>('/lighthouse', { schema: { body: body.lighthouse } }, (request, reply) => {
    control.lighthouse.show(request.body.status, request.body.messages)
    return reply.code(204).send()
  })
}
