import type { FastifyInstance } from 'fastify'
import { type Access, admit } from '../gate.ts'
import { keyOf, nipOf, sameIdentity } from '../identity.ts'
import { identifier, object, pageSize } from '../request-schemas.ts'
import type { Grant } from '../stores/permissions.ts'
import { rolesOf } from '../stores/test-subjects.ts'
import type { World } from '../world.ts'
import { PERSON_PERMISSIONS } from './permission-grant-bodies.ts'

/** Official tag "Wyszukiwanie nadanych uprawnień" (uprawnienia.md): what was granted in, and to, a context. */
type Named = { type: string; value?: string | null }
type PersonFilters = {
  authorIdentifier?: Named | null
  authorizedIdentifier?: Named | null
  contextIdentifier?: Named | null
  targetIdentifier?: Named | null
  permissionTypes?: string[] | null
  permissionState?: 'Active' | 'Inactive' | null
  queryType: 'PermissionsInCurrentContext' | 'PermissionsGrantedInCurrentContext'
}
export type Paging = { pageOffset: number; pageSize: number }

const optional = (schema: object) => ({ ...schema, nullable: true })
const named = (types: readonly string[]) =>
  optional(object(['type'], { type: { type: 'string', enum: types }, value: optional({ type: 'string' }) }))

const personFilters = object(['queryType'], {
  authorIdentifier: named(['Nip', 'Pesel', 'Fingerprint', 'System']),
  authorizedIdentifier: optional(identifier(['Nip', 'Pesel', 'Fingerprint'])),
  contextIdentifier: optional(identifier(['Nip', 'InternalId'])),
  targetIdentifier: named(['Nip', 'AllPartners', 'InternalId']),
  permissionTypes: { type: 'array', nullable: true, items: { type: 'string', enum: PERSON_PERMISSIONS } },
  permissionState: { type: 'string', nullable: true, enum: ['Active', 'Inactive', null] },
  queryType: {
    type: 'string',
    enum: ['PermissionsInCurrentContext', 'PermissionsGrantedInCurrentContext'],
  },
})
const entityFilters = optional(object([], { contextIdentifier: optional(identifier(['Nip', 'InternalId'])) }))
export const paging = object([], {
  pageOffset: { type: 'integer', minimum: 0, default: 0 },
  pageSize: pageSize(100),
})

/** One page of rows already in order, and whether another follows. */
export function cutPage<Row>(rows: readonly Row[], { pageOffset, pageSize: size }: Paging) {
  const end = (pageOffset + 1) * size
  return { rows: rows.slice(end - size, end), hasMore: end < rows.length }
}

const authorOf = ({ author }: Grant): Named =>
  author === undefined ? { type: 'System', value: null } : { type: author.type, value: author.value }

/** A filter that names an identifier; `System` and `AllPartners` have no value. */
const isNamed = (actual: Named, wanted: Named | null | undefined): boolean =>
  wanted == null ||
  (actual.type === wanted.type &&
    (wanted.value == null || actual.value?.toUpperCase() === wanted.value.toUpperCase()))

function describeGrant(grant: Grant) {
  return {
    id: grant.id,
    authorizedIdentifier: { type: grant.subject.type, value: grant.subject.value },
    contextIdentifier: { type: grant.context.type, value: grant.context.value },
    targetIdentifier: null,
    authorIdentifier: authorOf(grant),
    permissionScope: grant.permission,
    description: grant.description,
    subjectPersonDetails: grant.personDetails ?? null,
    subjectEntityDetails: grant.entityDetails ?? null,
    permissionState: 'Active',
    startDate: grant.startDate.toISOString(),
    canDelegate: grant.canDelegate,
  }
}

/** Rights granted indirectly are not spoken yet, so nothing has a target and nothing is inactive. */
function personGrants(world: World, { context, subject }: Access, wanted: PersonFilters): Grant[] {
  if (wanted.permissionState === 'Inactive' || wanted.targetIdentifier != null) return []
  const types = wanted.permissionTypes ?? []
  const callers = new Set(world.permissions.identitiesOf(subject).map(keyOf))
  const byCaller = ({ author }: Grant) => author !== undefined && callers.has(keyOf(author))
  return world.permissions.list(
    (grant) =>
      sameIdentity(grant.context, context) &&
      (wanted.queryType === 'PermissionsInCurrentContext' || byCaller(grant)) &&
      (types.length === 0 || types.includes(grant.permission)) &&
      isNamed(grant.subject, wanted.authorizedIdentifier) &&
      isNamed(grant.context, wanted.contextIdentifier) &&
      isNamed(authorOf(grant), wanted.authorIdentifier),
  )
}

export function grantedPermissions(app: FastifyInstance, world: World): void {
  app.post<{ Body: PersonFilters; Querystring: Paging }>(
    '/permissions/query/persons/grants',
    { schema: { body: personFilters, querystring: paging } },
    async (request) => {
      const access = await admit(world, request)
      const page = cutPage(personGrants(world, access, request.body), request.query)
      return { permissions: page.rows.map(describeGrant), hasMore: page.hasMore }
    },
  )

  app.post<{ Body: { contextIdentifier?: Named | null } | null; Querystring: Paging }>(
    '/permissions/query/entities/grants',
    { schema: { body: entityFilters, querystring: paging } },
    async (request) => {
      const { context } = await admit(world, request)
      const nip = nipOf(context)
      const received = world.permissions.list(
        (grant) =>
          grant.kind === 'entity' &&
          grant.subject.value === nip &&
          isNamed(grant.context, request.body?.contextIdentifier),
      )
      const page = cutPage(received, request.query)
      return {
        permissions: page.rows.map((grant) => ({
          id: grant.id,
          contextIdentifier: { type: grant.context.type, value: grant.context.value },
          permissionScope: grant.permission,
          description: grant.description,
          startDate: grant.startDate.toISOString(),
          canDelegate: grant.canDelegate,
        })),
        hasMore: page.hasMore,
      }
    },
  )

  app.get<{ Querystring: Paging }>(
    '/permissions/query/entities/roles',
    { schema: { querystring: paging } },
    async (request) => {
      const { context } = await admit(world, request)
      const roles = rolesOf(nipOf(context) ?? '', world.testSubjects, world.permissions)
      const page = cutPage(roles, request.query)
      return { roles: page.rows, hasMore: page.hasMore }
    },
  )

  app.get('/permissions/attachments/status', async (request) => {
    const { context } = await admit(world, request)
    const revokedDate = world.attachmentConsents.withdrawnAt(nipOf(context) ?? '')
    return {
      isAttachmentAllowed: world.attachmentConsents.holds(context),
      revokedDate: revokedDate?.toISOString() ?? null,
    }
  })
}
