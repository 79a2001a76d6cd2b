import type { CoreDependencies } from '../dependencies.ts'
import { FleetError } from '../errors.ts'
import type { CredentialId } from '../identifiers.ts'
import { assertSignsIn } from './credential.ts'
import { type CredentialOwner, ownCredential, withCredentialOwner } from './credential-owner.ts'

/**
 * Has a worker try the credential now: a version that waits to be proved is proved at once; otherwise the company's
 * integration is verified, which signs in with whatever it would sign in with. The API itself never talks to KSeF.
 *
 * @returns the number of the version that is tried, or null when an integration is verified instead
 * @throws FleetError NOT_FOUND, CREDENTIAL_ENDED
 */
export async function requestProof(
  deps: Pick<CoreDependencies, 'db' | 'now' | 'environment'>,
  request: { owner: CredentialOwner; credentialId: CredentialId; actor: string; requestId?: string },
): Promise<number | null> {
  const { owner, credentialId, actor, requestId } = request
  const at = deps.now()
  const tried = await withCredentialOwner(deps, owner, async ({ credentials, audit }) => {
    const credential = await ownCredential({ credentials }, owner, credentialId)
    if (credential.state !== 'active') throw new FleetError('CREDENTIAL_ENDED')
    assertSignsIn(credential)
    const versions = await credentials.versions(credentialId)
    const refused = versions.find(({ state, failure }) => state === 'active' && failure !== null)
    // KSeF's refusal keeps everybody from signing in with it again. Whoever asks for a try takes that note away.
    if (refused !== undefined)
      await credentials.touchVersion(credentialId, refused.number, {
        state: 'active',
        set: { failure: null },
      })
    const staged = versions.findLast((one) => one.state === 'staged')
    if (staged !== undefined)
      await credentials.touchVersion(credentialId, staged.number, {
        state: 'staged',
        set: { nextStepAt: at },
      })
    await audit.append({
      actor,
      action: 'credential.try',
      subject: credentialId,
      outcome: 'ok',
      ...(requestId === undefined ? {} : { requestId }),
    })
    return staged?.number ?? null
  })
  if (tried !== null || owner === null) return tried
  await deps.db.withCompany(owner, async (tx) => {
    const integration = await tx.integrations.current(deps.environment)
    if (integration !== null) await tx.integrations.setVerifyDue(integration.id, at)
  })
  return null
}
