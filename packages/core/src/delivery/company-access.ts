import type { KsefFailure } from '@ksef-fleet/ksef'
import { meaningOfRefusal } from '../access/meaning-of-refusal.ts'
import type { CallPurpose } from '../budget/shares.ts'
import { chooseCredential, whyNone } from '../context/choose-credential.ts'
import type { CompanyKsef } from '../context/company-ksef.ts'
import { noteDeadCredential } from '../context/dead-credential.ts'
import type { NamedVersion } from '../context/resolve-context.ts'
import { ERRORS, FleetError } from '../errors.ts'
import type { CompanyId } from '../identifiers.ts'
import {
  type Failing,
  failIntegration,
  holdBehind,
  holdForFailure,
} from '../integrations/fail-integration.ts'
import { afterFailure, isHeldBack } from './after-failure.ts'
import { blockAddress } from './block-address.ts'
import { blockGroup } from './block-group.ts'
import { addSeconds, type DeliveryContext } from './delivery-context.ts'
import type { Session } from './session.ts'

/** Seconds after which a company without a usable integration is looked at again; activation rings at once anyway. */
const IDLE_SECONDS = 60
const SECRET_RETRY_SECONDS = 30
/** Permissions are looked for again this often. */
const LOOK_AGAIN_SECONDS = 900

const SIGN_IN: ReadonlySet<KsefFailure['operation']> = new Set([
  'requestChallenge',
  'signInWithXades',
  'signInWithToken',
  'getSignInStatus',
  'redeemTokens',
  'refreshAccessToken',
])

const SENDING: ReadonlySet<KsefFailure['operation']> = new Set([
  'openOnlineSession',
  'sendInvoice',
  'openBatchSession',
])

/**
 * Opens the company's way into KSeF, or says until when there is none: no active integration, a context KSeF asked to be
 * silent, a credential that failed, a secret store that is down. What failed is recorded on the integration.
 *
 * @param under session to be finished: under the version of a credential it was opened under; or what the calls are for
 */
export async function openAccess(
  context: DeliveryContext,
  companyId: CompanyId,
  under: Partial<Pick<Session, 'credentialId' | 'credentialVersion'>> & { purpose?: CallPurpose } = {},
): Promise<{ ok: true; ksef: CompanyKsef } | { ok: false; until: Date }> {
  let ksef: CompanyKsef
  try {
    const { purpose = 'delivery' } = under
    ksef = await context.contexts.forCompany(companyId, { version: versionOf(under), purpose })
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { ok: false, until: await recordClosed(context, companyId, error) }
  }
  const streak = `sign-in ${ksef.integration.id}`
  try {
    const signedIn = await ksef.signIn()
    if (signedIn.ok) {
      context.streaks.end(streak)
      return { ok: true, ksef }
    }
    const tries = isHeldBack(signedIn.failure) ? 0 : context.streaks.add(streak)
    const failed = { failure: signedIn.failure, tries }
    return { ok: false, until: await recordFailure(context, ksef, failed) }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { ok: false, until: await recordUnusable(context, ksef, error) }
  }
}

function versionOf({
  credentialId,
  credentialVersion,
}: Partial<Pick<Session, 'credentialId' | 'credentialVersion'>>): NamedVersion | null {
  if (credentialId == null || credentialVersion == null) return null
  return { credentialId, number: credentialVersion }
}

/**
 * The integration is closed to us: what waits is held for the reason. Whether no credential signs in is looked at again,
 * because the integration may have changed since.
 */
async function recordClosed(
  context: DeliveryContext,
  companyId: CompanyId,
  cause: FleetError,
): Promise<Date> {
  const now = context.now()
  if (cause.code === 'KSEF_RATE_LIMITED') return addSeconds(now, cause.retryAfterSeconds ?? IDLE_SECONDS)
  await context.db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(context.environment)
    if (integration === null) {
      if (cause.code === 'INTEGRATION_REVOKED')
        await tx.submissions.hold(context.environment, { code: cause.code })
      return
    }
    await holdForFailure(tx, integration)
    if (integration.state !== 'active') return
    const usable = await tx.credentials.usable(context.environment)
    const { chosen, passedOver } = chooseCredential(usable, integration, now)
    if (chosen !== null) return
    const code = whyNone(passedOver)
    const why = { code, description: ERRORS[code].means, verifyAt: now }
    await failIntegration(context, tx, { integration, from: ['active'], why })
  })
  return addSeconds(now, IDLE_SECONDS)
}

/** The secret cannot be had, which passes, or cannot be used, which only its owner can mend. */
async function recordUnusable(
  context: DeliveryContext,
  { companyId, integration, credential }: CompanyKsef,
  cause: FleetError,
): Promise<Date> {
  const passes = cause.code === 'SECRET_UNAVAILABLE'
  const until = addSeconds(context.now(), passes ? SECRET_RETRY_SECONDS : IDLE_SECONDS)
  const told = { code: cause.code, reason: cause.message, integrationId: integration.id }
  context.log.error(told, 'access.unusable')
  await context.db.withCompany(companyId, async (tx) => {
    if (passes) return tx.integrations.blockUntil(integration.id, until)
    if (credential.version.state !== 'active') return
    const verifyAt = addSeconds(context.now(), LOOK_AGAIN_SECONDS)
    const why = { code: holdBehind(cause.code), description: cause.message, verifyAt }
    await failIntegration(context, tx, { integration, from: ['active'], why })
  })
  return until
}

/**
 * Records what a failed call means for the context (silence of it or of a limit group, a dead credential, a missing permission) and answers when the
 * step may be tried again.
 *
 * @param tries failures of the same step so far
 */
export async function recordFailure(
  context: DeliveryContext,
  ksef: CompanyKsef,
  { failure, tries = 0 }: { failure: KsefFailure; tries?: number },
): Promise<Date> {
  const { companyId, integration } = ksef
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
  if (remedy.block === 'group') await blockGroup(context, integration, { failure, until })
  if (remedy.block === 'context') await blockAddress(context, integration, { failure, until })
  // A sign-in that failed for a while is not tried again by the next step a moment later.
  const blocks = remedy.block === 'context' || (SIGN_IN.has(failure.operation) && !isHeldBack(failure))
  const why = remedy.fail ? await whyFailed(context, ksef, failure) : null
  if (!blocks && why === null) return until
  await context.db.withCompany(companyId, async (tx) => {
    if (blocks) await tx.integrations.blockUntil(integration.id, until)
    if (why !== null) await failIntegration(context, tx, { integration, from: ['active'], why })
  })
  return until
}

/** Null when the failure says nothing of whether invoices may be sent: a read that is refused is no more than that. */
async function whyFailed(
  context: DeliveryContext,
  { credential, integration }: CompanyKsef,
  failure: KsefFailure,
): Promise<Failing | null> {
  const { operation } = failure
  const said = failure.description === undefined ? {} : { description: failure.description }
  const lookAgain = addSeconds(context.now(), LOOK_AGAIN_SECONDS)
  if (SIGN_IN.has(operation)) {
    const meaning = meaningOfRefusal(failure)
    if (credential.version.state !== 'active') {
      // What was sent under it is finished under the one that signs in now.
      if (meaning === 'credential') await noteDeadCredential(context, credential, failure)
      return null
    }
    if (meaning === 'permission')
      return { code: 'KSEF_PERMISSION_MISSING', ...said, verifyAt: lookAgain, operation }
    if (meaning !== 'credential') return { code: 'CREDENTIAL_REFUSED', ...said, verifyAt: null, operation }
    await noteDeadCredential(context, credential, failure)
    // Another credential may open the context; the dead one is not asked again.
    return { code: 'CREDENTIAL_REFUSED', ...said, verifyAt: context.now(), operation }
  }
  if (!SENDING.has(operation)) return null
  const where = `InvoiceWrite is missing in the context of ${integration.context.value}`
  const description = failure.description === undefined ? where : `${where}: ${failure.description}`
  return { code: 'KSEF_PERMISSION_MISSING', description, verifyAt: lookAgain, operation }
}

/** What was accepted or came back while the integration failed, or after it was revoked, is held for the same reason. */
export async function holdWaiting(context: DeliveryContext, companyId: CompanyId): Promise<void> {
  await context.db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(context.environment)
    if (integration !== null) return holdForFailure(tx, integration)
    const earlier = await tx.integrations.list()
    if (earlier.some(({ environment, state }) => environment === context.environment && state === 'revoked'))
      await tx.submissions.hold(context.environment, { code: 'INTEGRATION_REVOKED' })
  })
}
