import { outOfTime } from '../context/choose-credential.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { UsableCredential } from './credential.ts'
import { withCredentialOwner } from './credential-owner.ts'
import { type Entered, enterKsef } from './enter-ksef.ts'
import type { RotationTask } from './rotation-task.ts'

/**
 * Signs in to a token's context with a certificate: KSeF makes tokens for nobody else (tokeny-ksef.md). The company's own
 * certificate comes before the provider's.
 */
export async function enterByCertificate(
  context: DeliveryContext,
  task: RotationTask,
  at: KsefContext,
): Promise<Entered> {
  const certificate = await helpingCertificate(context, task)
  if (certificate === null)
    return { ok: false, outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' } }
  const { version, ...credential } = certificate
  return enterKsef(context, task, { credential, version, at })
}

async function helpingCertificate(
  context: DeliveryContext,
  { credential }: RotationTask,
): Promise<UsableCredential | null> {
  const usable = await withCredentialOwner(context, credential.companyId, ({ credentials }) =>
    credentials.usable(credential.environment),
  )
  const able = usable.filter(
    ({ kind, version }) =>
      kind === 'certificate' && version.failure === null && outOfTime(version, context.now()) === null,
  )
  return able.find(({ companyId }) => companyId !== null) ?? able[0] ?? null
}
