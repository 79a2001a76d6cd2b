import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { enterKsef } from './enter-ksef.ts'
import { type RotationTask, refused, type StepOutcome } from './rotation-task.ts'
import { signInContextOf } from './sign-in-context.ts'

/**
 * Tries the new version before anything depends on it: it signs in, reads its own permissions, and these must cover what
 * the company's integration asks for. Whatever fails here leaves the version that signs in now as it is.
 */
export async function proveVersion(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { credential, version } = task
  const at = await signInContextOf(context, credential, version)
  // The provider's certificate that names a person, before there is any company: nowhere to try it.
  if (at === null)
    return { kind: 'moved', to: 'proved', says: { outcome: 'ok', reason: 'no context to try it in' } }
  const entered = await enterKsef(context, task, { credential, version, at, anew: true })
  if (!entered.ok) return entered.outcome
  const grants = await entered.entry.call((ksef, access) => ksef.permissions.personalGrants(access))
  if (!grants.ok) return refused(grants.failure)
  const held = new Set(
    grants.value.flatMap((one) => (one.permissionState === 'Active' ? [one.permissionScope] : [])),
  )
  const missing = (await wantedScopes(context, task)).filter(
    (scope) => !held.has(scope) && !held.has('Owner'),
  )
  if (missing.length === 0) return { kind: 'moved', to: 'proved' }
  const description = `The new credential lacks ${missing.join(' and ')} in this context.`
  return { kind: 'impossible', code: 'KSEF_PERMISSION_MISSING', description }
}

/** The provider's credential is not measured: what it may do differs from context to context. */
async function wantedScopes(
  { db, environment }: DeliveryContext,
  { credential }: RotationTask,
): Promise<readonly string[]> {
  if (credential.companyId === null) return []
  const integration = await db.readCompany(credential.companyId, (reads) =>
    reads.integrations.current(environment),
  )
  return integration?.scopes ?? []
}
