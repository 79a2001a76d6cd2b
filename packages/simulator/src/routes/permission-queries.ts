import type { FastifyInstance } from 'fastify'
import { type Access, admit } from '../gate.ts'
import { newReferenceNumber } from '../reference-number.ts'
import { identifier, object, pageSize } from '../request-schemas.ts'
import type { World } from '../world.ts'

/** Official tag "Wyszukiwanie nadanych uprawnień" (uprawnienia.md): the caller's own rights in its context. */
type Filters = {
  contextIdentifier?: { type: string; value: string } | null
  permissionTypes?: string[] | null
  permissionState?: 'Active' | 'Inactive' | null
}
type Paging = { pageOffset: number; pageSize: number }

const filters = {
  ...object([], {
    contextIdentifier: { ...identifier(['Nip', 'InternalId']), nullable: true },
    permissionTypes: { type: 'array', nullable: true, items: { type: 'string' } },
    permissionState: { type: 'string', nullable: true, enum: ['Active', 'Inactive', null] },
  }),
  nullable: true,
}
const paging = object([], {
  pageOffset: { type: 'integer', minimum: 0, default: 0 },
  pageSize: pageSize(100),
})

/** Rights granted by someone, and those an owner has without a grant; narrowed by the token that signed in. */
function ownPermissions(world: World, access: Access) {
  const { context, subject, authentication } = access
  const granted = world.permissions.grantsTo(context, subject)
  const grantedNames = new Set(granted.map((grant) => grant.permission))
  const startDate = authentication.startDate
  const byOwnership = world.permissions
    .inForce(context, subject)
    .filter((permission) => !grantedNames.has(permission))
    .map((permission) => ({
      id: newReferenceNumber('PE', startDate, world.randomness),
      permission,
      description: 'Uprawnienie właściciela',
      startDate,
    }))
  const narrowed = authentication.tokenPermissions
  return [...granted, ...byOwnership].filter(
    (one) => narrowed === undefined || narrowed.includes(one.permission),
  )
}

export function permissionQueries(app: FastifyInstance, world: World): void {
  app.post<{ Body: Filters | null; Querystring: Paging }>(
    '/permissions/query/personal/grants',
    { schema: { body: filters, querystring: paging } },
    async (request) => {
      const access = await admit(world, request)
      const wanted = request.body ?? {}
      const types = wanted.permissionTypes ?? []
      const foreign =
        wanted.contextIdentifier != null && wanted.contextIdentifier.value !== access.context.value
      const matching =
        wanted.permissionState === 'Inactive' || foreign
          ? []
          : ownPermissions(world, access).filter(
              (one) => types.length === 0 || types.includes(one.permission),
            )
      const start = request.query.pageOffset * request.query.pageSize
      const end = start + request.query.pageSize
      return {
        permissions: matching.slice(start, end).map((one) => ({
          id: one.id,
          contextIdentifier: { type: access.context.type, value: access.context.value },
          permissionScope: one.permission,
          description: one.description,
          permissionState: 'Active',
          startDate: one.startDate.toISOString(),
          canDelegate: false,
        })),
        hasMore: end < matching.length,
      }
    },
  )
}
