import { decodeAccessToken, KSEF_ERRORS, type KsefFailure } from '@ksef-fleet/ksef'
import { z } from 'zod'
import type { Access } from '../access/access-tokens.ts'
import { afterFailure } from '../delivery/after-failure.ts'
import { addSeconds, type DeliveryContext } from '../delivery/delivery-context.ts'
import { type ErrorCode, FleetError } from '../errors.ts'
import { CompanyId, IntegrationId } from '../identifiers.ts'
import type { Credential, Integration } from '../integrations/integration.ts'
import { defineJob, ringOf } from './define-job.ts'
import { sendPending } from './send-pending.ts'

const RETRY_SECONDS = 30

const Payload = z.object({ companyId: CompanyId, integrationId: IntegrationId })

/** Signs in with an integration's credential and records what came of it. */
export const verifyIntegration = defineJob({
  name: 'verify-integration',
  queue: 'upkeep',
  schema: Payload,
  key: ({ integrationId }) => `verify-${integrationId}`,
  async handler({ companyId, integrationId }, context) {
    const found = await context.db.withCompany(companyId, async (tx) => {
      const integration = await tx.integrations.get(integrationId)
      if (integration === null || integration.state === 'revoked') return null
      return { integration, credential: await tx.credentials.get(integration.credentialId) }
    })
    if (found?.credential == null) return
    const { integration, credential } = found
    const signedIn = await signIn(context, integration, credential)
    if ('cause' in signedIn) {
      const passes = signedIn.cause.code === 'SECRET_UNAVAILABLE'
      return passes
        ? retryLater(context, integration, signedIn.cause)
        : fail(context, integration, signedIn.cause)
    }
    if (signedIn.ok)
      return activate(context, integration, decodeAccessToken(signedIn.token).permissions ?? [])
    return refuse(context, integration, signedIn.failure)
  },
})

async function signIn(
  context: DeliveryContext,
  integration: Integration,
  credential: Credential,
): Promise<Access | { cause: FleetError }> {
  try {
    return await context.access.signInAnew(integration, credential)
  } catch (error) {
    if (error instanceof FleetError) return { cause: error }
    throw error
  }
}

async function activate(context: DeliveryContext, integration: Integration, permissions: readonly string[]) {
  const { id, companyId, environment } = integration
  await context.db.withCompany(companyId, async (tx) => {
    const set = { permissionsInForce: permissions, failure: null, verifiedAt: context.now() }
    if (!(await tx.integrations.move(id, { from: ['pending', 'failed', 'active'], to: 'active', set })))
      return
    await tx.integrations.setVerifyDue(id, null)
    await tx.submissions.release(environment, ['KSEF_PERMISSION_MISSING'])
    await tx.outbox.add(ringOf(sendPending, { companyId }))
    await tx.audit.append({ actor: 'worker', action: 'integration.verify', subject: id, outcome: 'ok' })
  })
  context.log.info({ integrationId: id }, 'integration.active')
}

async function refuse(context: DeliveryContext, integration: Integration, failure: KsefFailure) {
  const { again } = KSEF_ERRORS[failure.code]
  const remedy = afterFailure(failure, 0, [RETRY_SECONDS])
  if (again !== 'no' && !remedy.fail) {
    const code: ErrorCode = failure.kind === 'rate-limited' ? 'KSEF_RATE_LIMITED' : 'KSEF_UNREACHABLE'
    return retryLater(context, integration, new FleetError(code, { retryAfterSeconds: remedy.seconds }))
  }
  const detail = failure.description ?? KSEF_ERRORS[failure.code].means
  return fail(context, integration, new FleetError('CREDENTIAL_REFUSED', { detail }))
}

async function fail(context: DeliveryContext, { id, companyId }: Integration, cause: FleetError) {
  const failure = { code: cause.code, description: cause.message }
  await context.db.withCompany(companyId, async (tx) => {
    await tx.integrations.move(id, { from: ['pending', 'failed', 'active'], to: 'failed', set: { failure } })
    await tx.integrations.setVerifyDue(id, null)
    const details = { code: cause.code }
    await tx.audit.append({
      actor: 'worker',
      action: 'integration.verify',
      subject: id,
      outcome: 'refused',
      details,
    })
  })
  context.log.warn({ integrationId: id, code: cause.code }, 'integration.refused')
}

/** Neither KSeF nor the secret store said no: the state stays, the cause is shown, and the verification comes again. */
async function retryLater(context: DeliveryContext, integration: Integration, cause: FleetError) {
  const { id, state, companyId } = integration
  await context.db.withCompany(companyId, async (tx) => {
    const failure = { code: cause.code, description: cause.message }
    await tx.integrations.move(id, { from: [state], to: state, set: { failure } })
    const until = addSeconds(context.now(), cause.retryAfterSeconds ?? RETRY_SECONDS)
    await tx.integrations.setVerifyDue(id, until)
    if (cause.code === 'KSEF_RATE_LIMITED') await tx.integrations.blockUntil(id, until)
  })
}
