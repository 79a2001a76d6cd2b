import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Bearer, BearerKind } from './bearer-tokens.ts'
import type { Context, Subject } from './identity.ts'
import { Forbidden, Unauthorized } from './refusal.ts'
import type { Authentication } from './stores/authentications.ts'
import type { World } from './world.ts'
import { ipPolicy } from './xades/auth-token-request.ts'

/** A caller who was let in: the sign-in behind the token and the rights frozen into it. */
export type Access = {
  authentication: Authentication
  context: Context
  subject: Subject
  permissions: readonly string[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The context of the caller whose token was verified, for limits and the ledger. */
    ksefContext?: Context
    /** What the verified token says. */
    ksefBearer?: Bearer
  }
}

export type Admission = {
  kinds?: readonly BearerKind[]
  /** Any one of these suffices; none required when absent. */
  anyOf?: readonly string[]
}

function bearerOf(request: FastifyRequest): string {
  const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw new Unauthorized()
  return token
}

/**
 * Admits a request by its bearer token. Rights are those of the token, not of this moment: an access token works
 * until its `exp` even when rights change meanwhile (uwierzytelnianie.md, section 4).
 *
 * @throws Unauthorized (401) without a valid token of the right kind; Forbidden (403) `ip-not-allowed` or
 *   `missing-permissions`
 */
export async function admit(
  world: World,
  request: FastifyRequest,
  admission: Admission = {},
): Promise<Access> {
  const bearer = request.ksefBearer ?? (await world.bearerTokens.verify(bearerOf(request)))
  const kinds = admission.kinds ?? ['AccessToken']
  if (bearer === undefined || !kinds.includes(bearer.kind)) throw new Unauthorized()
  const authentication = world.authentications.find(bearer.authenticationReferenceNumber)
  if (authentication === undefined) throw new Unauthorized()
  if (!ipPolicy(authentication.allowedIps)(request.ip))
    throw new Forbidden('ip-not-allowed', { clientIp: request.ip })
  const { anyOf } = admission
  if (anyOf !== undefined && !anyOf.some((permission) => bearer.permissions.includes(permission))) {
    throw new Forbidden('missing-permissions', {
      requiredAnyOfPermissions: anyOf,
      presentPermissions: bearer.permissions,
    })
  }
  const { context, subject } = authentication
  return { authentication, context, subject, permissions: bearer.permissions }
}

const PUBLIC =
  /^\/v2\/(security|testdata\/(subject|person|permissions|attachment|context)|peppol|auth\/challenge|auth\/xades-signature|auth\/ksef-token)(\/|$)/

/** Refuses a stranger before the body is looked at; `admit` then asks what the token is good for. */
export function refuseStrangers(app: FastifyInstance, world: World): void {
  app.addHook('onRequest', async (request) => {
    if (PUBLIC.test(request.routeOptions.url ?? '')) return
    const bearer = await world.bearerTokens.verify(bearerOf(request))
    if (bearer === undefined) throw new Unauthorized()
    request.ksefBearer = bearer
    const authentication = world.authentications.find(bearer.authenticationReferenceNumber)
    if (authentication !== undefined) request.ksefContext = authentication.context
  })
}
