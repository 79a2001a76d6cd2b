import type { FastifyInstance } from 'fastify'
import { later } from '../clock.ts'
import { pageOf } from '../continuation.ts'
import { type Access, admit } from '../gate.ts'
import { sameIdentity } from '../identity.ts'
import { delayOf } from '../processing-delays.ts'
import { Forbidden, KsefRefusal } from '../refusal.ts'
import { description, object, pageSize, type SessionPath, sessionPath } from '../request-schemas.ts'
import { type KsefToken, tokenStatus } from '../stores/ksef-tokens.ts'
import type { World } from '../world.ts'

/** Official tag "Tokeny KSeF" (tokeny-ksef.md). */
type NewToken = { permissions: string[]; description: string }
type Filters = {
  status?: string | string[]
  description?: string
  authorIdentifier?: string
  authorIdentifierType?: string
  pageSize: number
}

const TOKEN_PERMISSIONS = [
  'InvoiceRead',
  'InvoiceWrite',
  'CredentialsRead',
  'CredentialsManage',
  'SubunitManage',
  'EnforcementOperations',
  'Introspection',
  'CollectiveIdentifierManage',
]

const newToken = object(['permissions', 'description'], {
  permissions: { type: 'array', minItems: 1, items: { type: 'string', enum: TOKEN_PERMISSIONS } },
  description,
})
const status = { type: 'string', enum: ['Pending', 'Active', 'Revoking', 'Revoked', 'Failed'] } as const
const filters = object([], {
  status: { anyOf: [status, { type: 'array', items: status }] },
  description: { type: 'string', minLength: 3 },
  authorIdentifier: { type: 'string', minLength: 3 },
  authorIdentifierType: { type: 'string', enum: ['Nip', 'Pesel', 'Fingerprint'] },
  pageSize: pageSize(100),
})

function describeToken(token: KsefToken, now: Date) {
  return {
    referenceNumber: token.referenceNumber,
    authorIdentifier: token.author,
    contextIdentifier: token.context,
    description: token.description,
    requestedPermissions: token.permissions,
    dateCreated: token.dateCreated.toISOString(),
    lastUseDate: token.lastUseDate?.toISOString() ?? null,
    status: tokenStatus(token, now),
    statusDetails: token.failure ?? [],
  }
}

/** Who may see or revoke a token: holders of the given rights, else its author, else the token itself. */
function visible(world: World, access: Access, anyOf: readonly string[]): (token: KsefToken) => boolean {
  if (anyOf.some((right) => access.permissions.includes(right))) return () => true
  const { tokenReferenceNumber } = access.authentication
  if (tokenReferenceNumber !== undefined) return (token) => token.referenceNumber === tokenReferenceNumber
  const theirs = world.permissions.identitiesOf(access.subject)
  return (token) => theirs.some((one) => sameIdentity(token.author, one))
}

function findToken(
  world: World,
  access: Access,
  wanted: { referenceNumber: string; anyOf: readonly string[] },
): KsefToken {
  const found = world.ksefTokens
    .inContext(access.context)
    .filter(visible(world, access, wanted.anyOf))
    .find((token) => token.referenceNumber === wanted.referenceNumber)
  if (found === undefined)
    throw new KsefRefusal(21405, `Token ${wanted.referenceNumber} nie został znaleziony.`)
  return found
}

function create(world: World, access: Access, wanted: NewToken): KsefToken {
  if (access.authentication.method === 'Token') {
    throw new Forbidden('auth-method-not-allowed', { authenticationMethodCategory: 'Token' })
  }
  if (access.context.type !== 'Nip' && access.context.type !== 'InternalId') {
    throw new KsefRefusal(26002, `Kontekst ${access.context.type}; dozwolone: Nip, InternalId.`)
  }
  const missing = wanted.permissions.filter((permission) => !access.permissions.includes(permission))
  if (missing.length > 0) throw new KsefRefusal(26001, `Brakujące uprawnienia: ${missing.join(', ')}.`)
  const failed = world.outcomes.take('ksefToken')
  return world.ksefTokens.create({
    ...(failed === undefined ? {} : { failure: failed.details ?? [failed.description] }),
    author: access.subject,
    context: access.context,
    description: wanted.description,
    permissions: wanted.permissions,
    activeAt: later(world.clock.now(), delayOf(world.settings, 'token')),
  })
}

export function ksefTokens(app: FastifyInstance, world: World): void {
  app.post<{ Body: NewToken }>('/tokens', { schema: { body: newToken } }, async (request, reply) => {
    const { referenceNumber, token } = create(world, await admit(world, request), request.body)
    return reply.code(202).send({ referenceNumber, token })
  })

  app.get<{ Querystring: Filters }>('/tokens', { schema: { querystring: filters } }, async (request) => {
    const access = await admit(world, request)
    const now = world.clock.now()
    const statuses = [request.query.status ?? []].flat()
    const { authorIdentifier = '', authorIdentifierType } = request.query
    const wanted = request.query.description?.toLowerCase() ?? ''
    const matching = world.ksefTokens
      .inContext(access.context)
      .filter(visible(world, access, ['CredentialsManage', 'CredentialsRead']))
      .filter((token) => statuses.length === 0 || statuses.includes(tokenStatus(token, now)))
      .filter((token) => token.description.toLowerCase().includes(wanted))
      .filter(({ author }) => author.value.toLowerCase().includes(authorIdentifier.toLowerCase()))
      .filter(({ author }) => authorIdentifierType === undefined || author.type === authorIdentifierType)
      .sort((a, b) => b.dateCreated.getTime() - a.dateCreated.getTime())
    const page = pageOf(matching, request.query.pageSize, request.headers['x-continuation-token']?.toString())
    return {
      continuationToken: page.continuationToken,
      tokens: page.rows.map((token) => describeToken(token, now)),
    }
  })

  const schema = { params: sessionPath }
  app.get<{ Params: SessionPath }>('/tokens/:referenceNumber', { schema }, async (request) => {
    const access = await admit(world, request)
    const anyOf = ['CredentialsManage', 'CredentialsRead']
    return describeToken(findToken(world, access, { ...request.params, anyOf }), world.clock.now())
  })

  app.delete<{ Params: SessionPath }>('/tokens/:referenceNumber', { schema }, async (request, reply) => {
    const access = await admit(world, request)
    const token = findToken(world, access, { ...request.params, anyOf: ['CredentialsManage'] })
    const now = world.clock.now()
    if (token.revokedAt === undefined) {
      token.revokedAt = now
      token.revocationDoneAt = later(now, delayOf(world.settings, 'token'))
    }
    return reply.code(204).send()
  })
}
