import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { withCredentialOwner } from './credential-owner.ts'
import { firstNoticeAt } from './expiry-notice.ts'
import type { RotationTask, StepOutcome } from './rotation-task.ts'
import { verifyDependents } from './verify-dependents.ts'

/**
 * Makes the version the one that signs in, and lets the one before it retire, in one transaction: at no moment are there
 * two, or none. The label in the secret store is moved first, so that nothing that signs in is still called pending.
 */
export async function promoteVersion(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { credential, version } = task
  if (version.secretVersion === null) throw new Error(`proved version of ${credential.id} without its secret`)
  await context.secrets.promoteSecret(credential, version.secretVersion)
  await context.secrets.eraseStrays(credential, version.number, version.secretVersion)
  const now = context.now()
  const isOvertaken = await withCredentialOwner(context, credential.companyId, async (stores) => {
    const { credentials, events, audit } = stores
    const versions = await credentials.versions(credential.id)
    // This worker slept, and a later one was promoted meanwhile: it wins.
    if (versions.some(({ number, state }) => number > version.number && state === 'active')) return true
    for (const before of versions.filter(({ state }) => state === 'active')) {
      await credentials.moveVersion(credential.id, before.number, {
        from: 'active',
        to: 'retiring',
        // Its failure stays: a dead credential must not be taken for a living one by what is finished under it.
        set: { retiredAt: now, nextStepAt: now, nextNoticeAt: null, tries: 0 },
      })
    }
    const promoted = await credentials.moveVersion(credential.id, version.number, {
      from: 'proved',
      to: 'active',
      set: {
        activatedAt: now,
        // Looked at once more: the credential may have been revoked meanwhile, or end soon already.
        nextStepAt: now,
        nextNoticeAt: firstNoticeAt(version, now),
        tries: 0,
        failure: null,
      },
    })
    // Thrown, so that the one before stays active: this worker slept, and another promoted it.
    if (!promoted) throw new Error(`version ${version.number} of ${credential.id} is proved no more`)
    const { number, origin, notAfter } = version
    await events.add({
      type: 'credential.rotated',
      subject: credential.id,
      key: `credential-rotated-${credential.id}-${number}`,
      data: { version: number, origin, notAfter: notAfter?.toISOString() ?? null },
    })
    await audit.append({
      actor: 'worker',
      action: 'credential.promote',
      subject: credential.id,
      outcome: 'ok',
      details: { credentialVersion: number, origin },
    })
    return false
  })
  // Its label goes back with its erasure.
  if (isOvertaken) return { kind: 'impossible', code: 'ROTATION_OVERTAKEN' }
  await context.secrets.announceChange(credential.id)
  await verifyDependents(context, credential)
  return { kind: 'settled' }
}
