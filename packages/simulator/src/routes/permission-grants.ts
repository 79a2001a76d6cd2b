import type { FastifyInstance } from 'fastify'
import { later } from '../clock.ts'
import { describeOutcome } from '../control/outcomes.ts'
import { type Access, admit } from '../gate.ts'
import { nipOf, type Subject, sameIdentity } from '../identity.ts'
import { delayOf } from '../processing-delays.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { Forbidden, KsefRefusal } from '../refusal.ts'
import { object, referenceNumber as reference, type SessionPath, sessionPath } from '../request-schemas.ts'
import { refuseGone } from '../retention.ts'
import type { Status } from '../stores/authentications.ts'
import type { PermissionOperation } from '../stores/permission-operations.ts'
import type { WantedGrant } from '../stores/permissions.ts'
import type { World } from '../world.ts'
import {
  type EntityGrantBody,
  entityGrantBody,
  type PersonGrantBody,
  personDetailsOf,
  personGrantBody,
} from './permission-grant-bodies.ts'

/**
 * Official tags "Nadawanie uprawnień", "Odbieranie uprawnień" and "Operacje" (uprawnienia.md). All are asynchronous:
 * what was asked for takes effect when the operation's status turns from 100.
 */
const DONE: Status = { code: 200, description: 'Operacja zakończona sukcesem' }

const failure = (code: number): Status => ({
  code,
  description: describeOutcome('permissionOperation', code),
})

/** Begins an operation; `effect` runs only if nothing stands against it, and is told when it takes effect. */
function begin(
  world: World,
  access: Access,
  step: { verdict: Status; effect: (readyAt: Date) => Status },
): PermissionOperation {
  const startDate = world.clock.now()
  const readyAt = later(startDate, delayOf(world.settings, 'permission'))
  const verdict = world.outcomes.take('permissionOperation') ?? step.verdict
  const operation: PermissionOperation = {
    referenceNumber: newReferenceNumber('PO', startDate, world.randomness),
    context: access.context,
    startDate,
    readyAt,
    outcome: verdict.code === 200 ? step.effect(readyAt) : verdict,
  }
  world.permissionOperations.set(operation.referenceNumber, operation)
  return operation
}

/** Grants belong to a taxpayer or its unit; other contexts have operations of their own. */
function refuseOtherContexts({ context }: Access): void {
  if (context.type !== 'Nip' && context.type !== 'InternalId')
    throw new Forbidden('context-type-not-allowed', { contextIdentifierType: context.type })
}

function judgePerson(world: World, { context }: Access, body: PersonGrantBody): Status {
  if (body.permissions.includes('EnforcementOperations') && !world.permissions.enforces(context))
    return failure(430)
  return world.permissions.isOwner(context, body.subjectIdentifier) ? failure(450) : DONE
}

/** Identifiers are compared as KSeF writes them: fingerprints in upper case. */
const normal = ({ type, value }: Subject): Subject => ({
  type,
  value: type === 'Fingerprint' ? value.toUpperCase() : value,
})

function granting(app: FastifyInstance, world: World): void {
  app.post<{ Body: PersonGrantBody }>(
    '/permissions/persons/grants',
    { schema: { body: personGrantBody } },
    async (request, reply) => {
      const access = await admit(world, request)
      refuseOtherContexts(access)
      const { body } = request
      const personDetails = personDetailsOf(body)
      const effect = (startDate: Date) => {
        const wanted: WantedGrant[] = body.permissions.map((permissionType) => ({
          permissionType,
          description: body.description,
          startDate,
          author: access.subject,
          personDetails,
        }))
        world.permissions.grant(access.context, normal(body.subjectIdentifier), wanted)
        return DONE
      }
      const operation = begin(world, access, { verdict: judgePerson(world, access, body), effect })
      return reply.code(202).send({ referenceNumber: operation.referenceNumber })
    },
  )

  app.post<{ Body: EntityGrantBody }>(
    '/permissions/entities/grants',
    { schema: { body: entityGrantBody } },
    async (request, reply) => {
      const access = await admit(world, request)
      refuseOtherContexts(access)
      const { subjectIdentifier, permissions, description, subjectDetails } = request.body
      const { fullName } = subjectDetails
      const effect = (startDate: Date) => {
        const wanted: WantedGrant[] = permissions.map(({ type, canDelegate = false }) => ({
          permissionType: type,
          description,
          startDate,
          author: access.subject,
          kind: 'entity',
          canDelegate,
          entityDetails: { subjectDetailsType: 'EntityByIdentifier', fullName, address: null },
        }))
        world.permissions.grant(access.context, subjectIdentifier, wanted)
        return DONE
      }
      const itself = subjectIdentifier.value === nipOf(access.context)
      const operation = begin(world, access, { verdict: itself ? failure(450) : DONE, effect })
      return reply.code(202).send({ referenceNumber: operation.referenceNumber })
    },
  )
}

export function permissionGrants(app: FastifyInstance, world: World): void {
  granting(app, world)
  type ById = { Params: { permissionId: string } }
  app.delete<ById>(
    '/permissions/common/grants/:permissionId',
    { schema: { params: object([], { permissionId: reference }) } },
    async (request, reply) => {
      const access = await admit(world, request)
      const { permissionId } = request.params
      const operation = begin(world, access, {
        verdict: DONE,
        effect: (endDate) =>
          world.permissions.revokeGrant(access.context, permissionId, endDate) ? DONE : failure(400),
      })
      return reply.code(202).send({ referenceNumber: operation.referenceNumber })
    },
  )

  app.get<{ Params: SessionPath }>(
    '/permissions/operations/:referenceNumber',
    { schema: { params: sessionPath } },
    async (request) => {
      const { context } = await admit(world, request)
      const { referenceNumber } = request.params
      const found = world.permissionOperations.get(referenceNumber)
      if (found === undefined || !sameIdentity(found.context, context))
        throw new KsefRefusal(21405, `Operacja ${referenceNumber} nie została znaleziona.`)
      const now = world.clock.now()
      refuseGone('permissionOperation', found.startDate, now)
      const pending = { code: 100, description: 'Operacja przyjęta do realizacji' }
      return { status: now < found.readyAt ? pending : found.outcome }
    },
  )
}
