import type { CoreDependencies } from '../dependencies.ts'
import type { ErrorCode } from '../errors.ts'
import type { CompanyTransaction } from '../stores.ts'
import type { ReasonCode } from '../submissions/outcome.ts'
import type { Integration, IntegrationState } from './integration.ts'

/**
 * Reasons for which submissions are held with their integration, and released with it: a permission or a credential is
 * missing, and the moment it is there they go out by themselves.
 */
export const HELD_WITH_INTEGRATION = [
  'KSEF_PERMISSION_MISSING',
  'CREDENTIAL_REFUSED',
  'CREDENTIAL_EXPIRED',
  'CREDENTIAL_NOT_YET_VALID',
  'CREDENTIAL_OFFLINE_TYPE',
  'CREDENTIAL_UNREADABLE',
  'CREDENTIAL_WRONG_CONTEXT',
  'CREDENTIAL_MISSING',
  'SECRET_BROKEN',
  'NIP_UNPROVED',
  'INTEGRATION_REVOKED',
] as const satisfies readonly ReasonCode[]

export type IntegrationHold = (typeof HELD_WITH_INTEGRATION)[number]

/** The reason behind what was thrown on the way into KSeF: one that is released with the integration, always. */
export const holdBehind = (thrown: ErrorCode): IntegrationHold =>
  HELD_WITH_INTEGRATION.find((code) => code === thrown) ?? 'CREDENTIAL_UNREADABLE'

/** Why an integration failed, and when its verification comes by itself; null: only when something changes. */
export type Failing<Code extends ErrorCode = IntegrationHold> = {
  code: Code
  description?: string
  verifyAt: Date | null
  /** KSeF's operation that failed, where one did. */
  operation?: string
  /** What KSeF listed just now, where it did. */
  permissionsInForce?: readonly string[]
}

/**
 * The integration fails for a reason that a person has to see to; what waits is held for it, visibly. False when it was in
 * none of the states `from`, and then nothing was changed.
 */
export async function failIntegration(
  deps: Pick<CoreDependencies, 'now'>,
  tx: CompanyTransaction,
  { integration, from, why }: { integration: Integration; from: readonly IntegrationState[]; why: Failing },
): Promise<boolean> {
  const { id, environment, context } = integration
  const failure = {
    code: why.code,
    ...(why.description === undefined ? {} : { description: why.description }),
  }
  const { permissionsInForce } = why
  const moved = await tx.integrations.move(id, {
    from,
    to: 'failed',
    set: { failure, ...(permissionsInForce === undefined ? {} : { permissionsInForce }) },
  })
  if (!moved) return false
  await tx.integrations.setVerifyDue(id, why.verifyAt)
  const held = await tx.submissions.hold(environment, failure)
  await tx.inbox.hold(id, failure, true)
  if (integration.state === 'failed' && integration.failure?.code === why.code) return true
  const at = deps.now()
  await tx.events.add({
    type: 'integration.failed',
    subject: id,
    key: `${id}-failed-${at.getTime()}`,
    data: { ...failure, held },
  })
  await tx.audit.append({
    actor: 'worker',
    action: 'integration.fail',
    subject: id,
    outcome: 'failed',
    errorCode: why.code,
    taxpayerNip: context.value,
    ...(why.operation === undefined ? {} : { operation: why.operation }),
    details: { held },
  })
  return true
}

/** What came in after the integration failed is held for the same reason. */
export async function holdForFailure(tx: CompanyTransaction, integration: Integration): Promise<void> {
  if (integration.state !== 'failed' || integration.failure === null) return
  await tx.submissions.hold(integration.environment, integration.failure)
}
