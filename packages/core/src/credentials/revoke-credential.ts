import type { CoreDependencies } from '../dependencies.ts'
import type { CredentialId } from '../identifiers.ts'
import type { Credential } from './credential.ts'
import { type CredentialOwner, ownCredential, withCredentialOwner } from './credential-owner.ts'
import type { CredentialStore } from './credential-store.ts'

export type CredentialRevocation = {
  owner: CredentialOwner
  credentialId: CredentialId
  actor: string
  requestId?: string
}

/**
 * Revokes a credential: from this commit on nobody signs in with it. What was sent under it is still finished; then the
 * worker revokes its versions at KSeF and erases their secrets, and it is `ended`. Revoking twice is harmless.
 *
 * @throws FleetError NOT_FOUND
 */
export async function revokeCredential(
  deps: Pick<CoreDependencies, 'db' | 'now' | 'secrets' | 'environment'>,
  { owner, credentialId, actor, requestId }: CredentialRevocation,
): Promise<Credential> {
  const at = deps.now()
  const revoked = await withCredentialOwner(deps, owner, async ({ credentials, audit }) => {
    const credential = await ownCredential({ credentials }, owner, credentialId)
    if (!(await beginEnding(credentials, credentialId, at))) return credential
    await audit.append({
      actor,
      action: 'credential.revoke',
      subject: credentialId,
      outcome: 'ok',
      ...(requestId === undefined ? {} : { requestId }),
    })
    return ownCredential({ credentials }, owner, credentialId)
  })
  await deps.secrets.announceChange(credentialId)
  if (owner !== null) {
    // Another credential may take its place; or the integration fails, and what waits is held for that reason.
    await deps.db.withCompany(owner, async (tx) => {
      const integration = await tx.integrations.current(deps.environment)
      if (integration !== null) await tx.integrations.setVerifyDue(integration.id, at)
    })
  }
  return revoked
}

/** Its versions go their way out from here by themselves. False when the credential was not active. */
export async function beginEnding(
  credentials: CredentialStore,
  id: CredentialId,
  at: Date,
): Promise<boolean> {
  if (!(await credentials.move(id, { from: 'active', to: 'ending' }))) return false
  for (const { number, state, tries } of await credentials.versions(id)) {
    if (state === 'erased') continue
    // One more try, so that a step under way cannot set the timer back.
    await credentials.touchVersion(id, number, { state, set: { nextStepAt: at, tries: tries + 1 } })
  }
  return true
}
