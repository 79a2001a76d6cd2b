import type { FastifyInstance } from 'fastify'
import { type Access, admit } from '../gate.ts'
import { keyOf, nipOf, sameIdentity } from '../identity.ts'
import { createRandomness } from '../randomness.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { identifier, object } from '../request-schemas.ts'
import type { Grant } from '../stores/permissions.ts'
import type { World } from '../world.ts'
import { cutPage, type Paging, paging } from './granted-permissions.ts'

/** Official tag "Wyszukiwanie nadanych uprawnień" (uprawnienia.md): the caller's own rights in its context. */
type Filters = {
  contextIdentifier?: { type: string; value: string } | null
  targetIdentifier?: { type: string; value?: string | null } | null
  permissionTypes?: string[] | null
  permissionState?: 'Active' | 'Inactive' | null
}

const filters = {
  ...object([], {
    contextIdentifier: { ...identifier(['Nip', 'InternalId']), nullable: true },
    targetIdentifier: {
      ...object(['type'], {
        type: { type: 'string', enum: ['Nip', 'AllPartners', 'InternalId'] },
        value: { type: 'string', nullable: true },
      }),
      nullable: true,
    },
    permissionTypes: { type: 'array', nullable: true, items: { type: 'string' } },
    permissionState: { type: 'string', nullable: true, enum: ['Active', 'Inactive', null] },
  }),
  nullable: true,
}

/** Rights an owner has without a grant; their ids are derived, so that they stay the same from page to page. */
function byOwnership(world: World, access: Access, granted: readonly Grant[]): Grant[] {
  const { context, subject, authentication } = access
  const names = new Set(granted.map((grant) => grant.permission))
  return world.permissions
    .inForce(context, subject)
    .filter((permission) => !names.has(permission))
    .map((permission) => {
      const startDate = authentication.startDate
      const seed = `${keyOf(context)} ${permission}`
      const id = newReferenceNumber('PE', new Date(0), createRandomness({ seed, drawn: 0 }))
      const description = 'Uprawnienie właściciela'
      const common = { id, context, subject, permission, description, startDate }
      return { ...common, kind: 'person', canDelegate: false }
    })
}

/** Grants to the entity itself by others: its owner sees them among its own. */
function receivedByEntity(world: World, { context, subject }: Access): Grant[] {
  if (!world.permissions.isOwner(context, subject)) return []
  const nip = nipOf(context)
  return world.permissions.list(
    (grant) =>
      grant.kind === 'entity' && grant.subject.value === nip && !sameIdentity(grant.context, context),
  )
}

/** Narrowed by the KSeF token that signed in, if one did. */
function ownPermissions(world: World, access: Access): Grant[] {
  const granted = world.permissions.grantsTo(access.context, access.subject)
  const narrowed = access.authentication.tokenPermissions
  return [...granted, ...byOwnership(world, access, granted), ...receivedByEntity(world, access)].filter(
    (one) => narrowed === undefined || narrowed.includes(one.permission),
  )
}

function matching(world: World, access: Access, wanted: Filters): Grant[] {
  if (wanted.permissionState === 'Inactive' || wanted.targetIdentifier != null) return []
  const types = wanted.permissionTypes ?? []
  const { contextIdentifier } = wanted
  return ownPermissions(world, access).filter(
    ({ permission, context }) =>
      (types.length === 0 || types.includes(permission)) &&
      (contextIdentifier == null ||
        (context.type === contextIdentifier.type && context.value === contextIdentifier.value)),
  )
}

/** The OpenAPI lets a right lie in a NIP or an InternalId only; in other contexts it is named without one. */
const describeContext = ({ context }: Grant) =>
  context.type === 'Nip' || context.type === 'InternalId'
    ? { type: context.type, value: context.value }
    : null

export function permissionQueries(app: FastifyInstance, world: World): void {
  app.post<{ Body: Filters | null; Querystring: Paging }>(
    '/permissions/query/personal/grants',
    { schema: { body: filters, querystring: paging } },
    async (request) => {
      const access = await admit(world, request)
      const page = cutPage(matching(world, access, request.body ?? {}), request.query)
      return {
        permissions: page.rows.map((one) => ({
          id: one.id,
          contextIdentifier: describeContext(one),
          authorizedIdentifier: { type: one.subject.type, value: one.subject.value },
          targetIdentifier: null,
          permissionScope: one.permission,
          description: one.description,
          subjectPersonDetails: one.personDetails ?? null,
          subjectEntityDetails: one.entityDetails ?? null,
          permissionState: 'Active',
          startDate: one.startDate.toISOString(),
          canDelegate: one.canDelegate,
        })),
        hasMore: page.hasMore,
      }
    },
  )
}
