import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { withCredentialOwner } from './credential-owner.ts'
import { enterByActive } from './enter-ksef.ts'
import { renewAgainAt } from './renewal.ts'
import { type RotationTask, refused, type StepOutcome } from './rotation-task.ts'

/**
 * Asks for a successor of a certificate that ends soon, where KSeF issued it. Another issuer's is its owner's to replace;
 * the notices say so.
 */
export async function requestRenewal(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { credential, version } = task
  const issued = await isIssuedByKsef(context, task)
  if (typeof issued === 'object') return issued
  const nextStepAt = issued ? renewAgainAt(context.now()) : null
  if (issued) {
    await context.secrets.rotateCredentials({
      owner: credential.companyId,
      credentialId: credential.id,
      successor: { origin: 'enrolled' },
      actor: 'worker',
    })
  }
  await withCredentialOwner(context, credential.companyId, ({ credentials }) =>
    credentials.touchVersion(credential.id, version.number, {
      state: 'active',
      set: { nextStepAt, tries: 0 },
    }),
  )
  return { kind: 'settled' }
}

async function isIssuedByKsef(context: DeliveryContext, task: RotationTask): Promise<boolean | StepOutcome> {
  const { origin, serialNumber } = task.version
  if (origin === 'enrolled') return true
  if (serialNumber === null || !/^[0-9A-F]{16}$/.test(serialNumber)) return false
  const entered = await enterByActive(context, task)
  if (!entered.ok) return entered.outcome
  const listed = await entered.entry.call((ksef, access) =>
    ksef.certificates.query(access, { certificateSerialNumber: serialNumber }),
  )
  return listed.ok ? listed.value.length > 0 : refused(listed.failure)
}
