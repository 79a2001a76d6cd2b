import type { FastifyInstance } from 'fastify'
import { later } from '../clock.ts'
import { admit } from '../gate.ts'
import { type Context, isWellFormedContext } from '../identity.ts'
import { KsefRefusal, Unauthorized } from '../refusal.ts'
import {
  base64,
  identifier,
  object,
  publicKeyId,
  referenceNumber,
  type SessionPath,
  sessionPath,
} from '../request-schemas.ts'
import { refuseGone } from '../retention.ts'
import { rightsOf, signInByCertificate, signInByToken } from '../sign-in.ts'
import { type Authentication, statusOf } from '../stores/authentications.ts'
import type { World } from '../world.ts'
import { type AllowedIps, checkedIps, IP4 } from '../xades/auth-token-request.ts'

/** Official tag "Uzyskiwanie dostępu" (uwierzytelnianie.md): challenge → sign-in → status → redeem → refresh. */
type TokenSignInBody = {
  challenge: string
  contextIdentifier: Context
  encryptedToken: string
  publicKeyId?: string | null
  authorizationPolicy?: { allowedIps?: AllowedIps | null } | null
}

const addresses = (pattern: RegExp) => ({
  type: 'array',
  nullable: true,
  maxItems: 10,
  items: { type: 'string', pattern: pattern.source },
})
const authorizationPolicy = {
  ...object([], {
    allowedIps: {
      ...object([], {
        ip4Addresses: addresses(IP4.address),
        ip4Ranges: addresses(IP4.range),
        ip4Masks: addresses(IP4.mask),
      }),
      nullable: true,
    },
  }),
  nullable: true,
}

const tokenSignInBody = object(['challenge', 'contextIdentifier', 'encryptedToken'], {
  challenge: referenceNumber,
  contextIdentifier: identifier(['Nip', 'InternalId', 'NipVatUe', 'PeppolId']),
  encryptedToken: base64,
  publicKeyId,
  authorizationPolicy,
})

const chain = object([], { verifyCertificateChain: { type: 'boolean', default: false } })

/** The part of an authentication that its status and the list of sessions share. */
export function describeAuthentication(authentication: Authentication, now: Date) {
  const byToken = authentication.method === 'Token'
  return {
    startDate: authentication.startDate.toISOString(),
    authenticationMethod: authentication.method,
    authenticationMethodInfo: {
      category: byToken ? 'Token' : 'XadesSignature',
      code: byToken ? 'token.ksef' : `xades.${authentication.method}`,
      displayName: byToken ? 'Token KSeF' : 'Podpis XAdES',
    },
    status: statusOf(authentication, now),
    isTokenRedeemed: authentication.redeemedAt !== undefined,
    lastTokenRefreshDate: authentication.lastTokenRefreshDate?.toISOString() ?? null,
    refreshTokenValidUntil: authentication.refreshTokenValidUntil?.toISOString() ?? null,
  }
}

async function accepted(world: World, authentication: Authentication) {
  const lifeSeconds = world.settings.authenticationTokenSeconds
  const authenticationToken = await world.bearerTokens.issue(authentication, {
    kind: 'AuthenticationToken',
    lifeSeconds,
  })
  return { referenceNumber: authentication.referenceNumber, authenticationToken }
}

function accessToken(world: World, authentication: Authentication) {
  const lifeSeconds = world.settings.accessTokenSeconds
  return world.bearerTokens.issue(authentication, {
    kind: 'AccessToken',
    lifeSeconds,
    permissions: rightsOf(world, authentication),
    asOwner:
      authentication.tokenPermissions === undefined &&
      world.permissions.isOwner(authentication.context, authentication.subject),
  })
}

/** 21301 unless the sign-in stands and the KSeF token behind it has not been revoked. */
function refuseUnlessStanding(world: World, authentication: Authentication): void {
  const now = world.clock.now()
  const { code } = statusOf(authentication, now)
  if (code !== 200)
    throw new KsefRefusal(21301, `Status uwierzytelniania (${code}) nie pozwala na wydanie tokenów.`)
  const token = world.ksefTokens.find(authentication.tokenReferenceNumber ?? '')
  if (token?.revokedAt !== undefined) throw new KsefRefusal(21301, 'Token KSeF został unieważniony.')
  if (world.permissions.isDeceased(authentication.subject)) throw new KsefRefusal(21308)
}

function beginnings(app: FastifyInstance, world: World): void {
  app.post('/auth/challenge', (request) => {
    const { challenge, issuedAt } = world.challenges.issue()
    return {
      challenge,
      timestamp: issuedAt.toISOString(),
      timestampMs: issuedAt.getTime(),
      clientIp: request.ip,
    }
  })

  type Chain = { verifyCertificateChain: boolean }
  const schema = { querystring: chain }
  app.post<{ Querystring: Chain }>('/auth/xades-signature', { schema }, async (request, reply) => {
    if (!Buffer.isBuffer(request.body)) throw new KsefRefusal(21001)
    const { verifyCertificateChain } = request.query
    const authentication = signInByCertificate(world, request.body, verifyCertificateChain)
    return reply.code(202).send(await accepted(world, authentication))
  })

  app.post<{ Body: TokenSignInBody }>(
    '/auth/ksef-token',
    { schema: { body: tokenSignInBody } },
    async (request, reply) => {
      const { challenge, contextIdentifier, encryptedToken, publicKeyId, authorizationPolicy } = request.body
      if (!isWellFormedContext(contextIdentifier))
        throw new KsefRefusal(21405, 'Nieprawidłowy contextIdentifier.')
      const authentication = signInByToken(world, {
        challenge,
        context: { type: contextIdentifier.type, value: contextIdentifier.value },
        encryptedToken: Buffer.from(encryptedToken, 'base64'),
        ...(publicKeyId == null ? {} : { publicKeyId }),
        ...checkedIps(authorizationPolicy?.allowedIps ?? undefined, 21405),
      })
      return reply.code(202).send(await accepted(world, authentication))
    },
  )
}

function tokens(app: FastifyInstance, world: World): void {
  app.post('/auth/token/redeem', async (request) => {
    const { authentication } = await admit(world, request, { kinds: ['AuthenticationToken'] })
    if (authentication.redeemedAt !== undefined) {
      throw new KsefRefusal(
        21301,
        `Tokeny dla operacji ${authentication.referenceNumber} zostały już pobrane.`,
      )
    }
    refuseUnlessStanding(world, authentication)
    const lifeSeconds = world.settings.refreshTokenSeconds
    authentication.redeemedAt = world.clock.now()
    authentication.refreshTokenValidUntil = later(authentication.redeemedAt, lifeSeconds * 1000)
    const refreshToken = await world.bearerTokens.issue(authentication, { kind: 'RefreshToken', lifeSeconds })
    return { accessToken: await accessToken(world, authentication), refreshToken }
  })

  app.post('/auth/token/refresh', async (request) => {
    const { authentication } = await admit(world, request, { kinds: ['RefreshToken'] })
    refuseUnlessStanding(world, authentication)
    authentication.lastTokenRefreshDate = world.clock.now()
    return { accessToken: await accessToken(world, authentication) }
  })
}

export function access(app: FastifyInstance, world: World): void {
  beginnings(app, world)
  app.get<{ Params: SessionPath }>(
    '/auth/:referenceNumber',
    { schema: { params: sessionPath } },
    async (request) => {
      const { authentication } = await admit(world, request, { kinds: ['AuthenticationToken'] })
      const asked = world.authentications.find(request.params.referenceNumber)
      if (asked !== undefined) refuseGone('authentication', asked.startDate, world.clock.now())
      if (asked !== authentication) {
        if (asked !== undefined) throw new Unauthorized()
        throw new KsefRefusal(21304, `Operacja ${request.params.referenceNumber} nie została znaleziona.`)
      }
      return describeAuthentication(authentication, world.clock.now())
    },
  )
  tokens(app, world)
}
