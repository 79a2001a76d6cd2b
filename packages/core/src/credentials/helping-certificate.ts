import { outOfTime } from '../context/choose-credential.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import type { CompanyId } from '../identifiers.ts'
import type { Integration, KsefContext } from '../integrations/integration.ts'
import type { UsableCredential } from './credential.ts'
import { type Entered, enterKsef } from './enter-ksef.ts'
import { activeOf, type RotationTask } from './rotation-task.ts'

const NOBODY: Entered = { ok: false, outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' } }

/**
 * Signs in to a token's context with a certificate: KSeF makes tokens for nobody else (tokeny-ksef.md). The company's own
 * certificate comes before the provider's. The provider's opens the context of everybody who trusted the provider, and a
 * token made with it would pass for the company's own: so it helps only a company that has proved that it may act for the
 * NIP, and makes a token for one whose own credential is that proof only while that still signs in.
 */
export async function enterByCertificate(
  context: DeliveryContext,
  task: RotationTask,
  at: KsefContext,
): Promise<Entered> {
  const { companyId } = task.credential
  if (companyId === null) return NOBODY // a token is a company's
  const { certificate, integration } = await findHelp(context, task, companyId)
  if (certificate === null) return NOBODY
  if (certificate.companyId === null) {
    const refusal = await whyNoHelp(context, task, integration)
    if (refusal !== null) return refusal
  }
  const { version, ...credential } = certificate
  return enterKsef(context, task, { credential, version, at })
}

type Help = { certificate: UsableCredential | null; integration: Integration | null }

async function findHelp(
  { db, now }: DeliveryContext,
  { credential: { environment } }: RotationTask,
  owner: CompanyId,
): Promise<Help> {
  return db.withCompany(owner, async (tx) => {
    const usable = await tx.credentials.usable(environment)
    const able = usable.filter(
      ({ kind, version }) =>
        kind === 'certificate' && version.failure === null && outOfTime(version, now()) === null,
    )
    const certificate = able.find(({ companyId }) => companyId !== null) ?? able[0] ?? null
    const all = (await tx.integrations.list()).filter((one) => one.environment === environment)
    return { certificate, integration: all.at(-1) ?? null }
  })
}

/** Null when the provider's certificate may help. What KSeF holds for a company that was proved is withdrawn even when it has left. */
async function whyNoHelp(
  context: DeliveryContext,
  task: RotationTask,
  integration: Integration | null,
): Promise<Entered | null> {
  const proof = integration?.nipProof ?? null
  if (integration === null || proof === null) return NOBODY
  const { state, secretVersion } = task.version
  if (state !== 'requested' || secretVersion !== null) return null
  if (integration.state !== 'active') return NOBODY
  if (proof.method !== 'own-credential') return null
  const active = activeOf(task)
  if (active === null) return NOBODY
  const present = await enterKsef(context, task, {
    credential: task.credential,
    version: active,
    at: integration.context,
    anew: true,
  })
  return present.ok ? null : present
}
