import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { enterByActive } from './enter-ksef.ts'
import { renewAgainAt } from './renewal.ts'
import { type RotationTask, refused, type StepOutcome } from './rotation-task.ts'
import { noteProgress } from './step-lease.ts'

/**
 * Asks for a successor of a certificate that ends soon, where KSeF issued it. Another issuer's is its owner's to replace;
 * the notices say so.
 */
export async function requestRenewal(context: DeliveryContext, task: RotationTask): Promise<StepOutcome> {
  const { credential } = task
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
  await noteProgress(context, task, { nextStepAt, tries: 0 })
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
