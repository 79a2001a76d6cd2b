import type { KsefFailure, Sealed } from '@ksef-fleet/ksef'
import { FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Credential, Integration } from '../integrations/integration.ts'
import { afterFailure } from './after-failure.ts'
import { addSeconds, type DeliveryContext } from './delivery-context.ts'

/** A company's way into KSeF for the length of one step. */
export type CompanyAccess = {
  companyId: CompanyId
  integration: Integration
  credential: Credential
  token: Sealed<string>
}

/** Seconds after which a company without a usable integration is looked at again; activation rings at once anyway. */
const IDLE_SECONDS = 60
const SECRET_RETRY_SECONDS = 30

const SIGN_IN: ReadonlySet<KsefFailure['operation']> = new Set([
  'requestChallenge',
  'signInWithXades',
  'signInWithToken',
  'getSignInStatus',
  'redeemTokens',
  'refreshAccessToken',
])

const SENDING: ReadonlySet<KsefFailure['operation']> = new Set(['openOnlineSession', 'sendInvoice'])

/**
 * Opens the company's way into KSeF, or says until when there is none: no active integration, a context KSeF asked to be
 * silent, a credential that failed, a secret store that is down. What failed is recorded on the integration.
 */
export async function openAccess(
  context: DeliveryContext,
  companyId: CompanyId,
): Promise<{ ok: true; access: CompanyAccess } | { ok: false; until: Date }> {
  const now = context.now()
  const found = await context.db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(context.environment)
    if (integration === null) return null
    return { integration, credential: await tx.credentials.get(integration.credentialId) }
  })
  if (found?.credential == null || found.integration.state !== 'active') {
    return { ok: false, until: addSeconds(now, IDLE_SECONDS) }
  }
  const { integration, credential } = found
  if (integration.blockedUntil !== null && integration.blockedUntil > now) {
    return { ok: false, until: integration.blockedUntil }
  }
  try {
    const signedIn = await context.access.of(integration, credential)
    const streak = `sign-in ${integration.id}`
    if (signedIn.ok) {
      context.streaks.end(streak)
      return { ok: true, access: { companyId, integration, credential, token: signedIn.token } }
    }
    const failed = { failure: signedIn.failure, tries: context.streaks.add(streak) }
    return { ok: false, until: await recordFailure(context, { companyId, integration, credential }, failed) }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { ok: false, until: await recordUnusable(context, { companyId, integration }, error) }
  }
}

/** The secret cannot be had (which passes) or cannot be used (which only its owner can mend). */
async function recordUnusable(
  context: DeliveryContext,
  { companyId, integration }: { companyId: CompanyId; integration: Integration },
  error: FleetError,
): Promise<Date> {
  const passes = error.code === 'SECRET_UNAVAILABLE'
  const until = addSeconds(context.now(), passes ? SECRET_RETRY_SECONDS : IDLE_SECONDS)
  context.log.error(
    { code: error.code, reason: error.message, integrationId: integration.id },
    'access.unusable',
  )
  await context.db.withCompany(companyId, async (tx) => {
    if (passes) return tx.integrations.blockUntil(integration.id, until)
    const failure = { code: error.code, description: error.message }
    await tx.integrations.move(integration.id, { from: ['active'], to: 'failed', set: { failure } })
  })
  return until
}

/**
 * Records what a failed call means for the context (silence, a dead token, a dead credential) and answers when the step
 * may be tried again.
 *
 * @param tries failures of the same step so far
 */
export async function recordFailure(
  context: DeliveryContext,
  {
    companyId,
    integration,
    credential,
    token,
  }: Omit<CompanyAccess, 'token'> & { token?: CompanyAccess['token'] },
  { failure, tries = 0 }: { failure: KsefFailure; tries?: number },
): Promise<Date> {
  const remedy = afterFailure(failure, tries, context.timing.retrySeconds)
  const until = addSeconds(context.now(), remedy.seconds)
  context.log.warn(
    {
      operation: failure.operation,
      code: failure.code,
      ksefCode: failure.exceptionCode,
      traceId: failure.traceId,
      integrationId: integration.id,
      retryAt: until,
    },
    'ksef.call-failed',
  )
  if (remedy.dropToken && token !== undefined) await context.access.drop(integration, credential, token)
  // A sign-in that failed for a while is not tried again by the next step a moment later.
  const blocks = remedy.block || SIGN_IN.has(failure.operation)
  const code = SIGN_IN.has(failure.operation) ? 'CREDENTIAL_REFUSED' : 'KSEF_PERMISSION_MISSING'
  // A read that is refused says nothing of whether invoices may be sent.
  const fails = remedy.fail && (SIGN_IN.has(failure.operation) || SENDING.has(failure.operation))
  if (!blocks && !fails) return until
  await context.db.withCompany(companyId, async (tx) => {
    if (blocks) await tx.integrations.blockUntil(integration.id, until)
    if (!fails) return
    const reason = {
      code,
      ...(failure.description ? { description: failure.description } : {}),
    }
    const failed = await tx.integrations.move(integration.id, {
      from: ['active'],
      to: 'failed',
      set: { failure: reason },
    })
    if (!failed) return
    await tx.audit.append({
      actor: 'worker',
      action: 'integration.fail',
      subject: integration.id,
      outcome: 'failed',
      details: { code: failure.code, operation: failure.operation },
    })
  })
  return until
}
