import type { AccessSubject } from '../access/access-subject.ts'
import { readStanding } from '../budget/read-standing.ts'
import type { ContextKsef } from '../context/context-ksef.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { FleetError } from '../errors.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { Credential, CredentialVersion } from './credential.ts'
import { activeOf, type RotationTask, refused, type StepOutcome } from './rotation-task.ts'
import { signInContextOf } from './sign-in-context.ts'

export type Entered = { ok: true; entry: ContextKsef } | { ok: false; outcome: StepOutcome }

/** On whom calls are booked: the credential they are about, and its owner. */
export type BookedOn = { credential: Pick<Credential, 'id' | 'companyId' | 'environment'> }

type SignInWith = {
  credential: Credential
  version: CredentialVersion
  at: KsefContext
  /** Past every cache, for a proof: it wants to see the credential itself work. */
  anew?: boolean
}

/** Opens a context with exactly that version of a credential, or says why it does not open. */
export async function enterKsef(
  context: DeliveryContext,
  { credential }: BookedOn,
  by: SignInWith,
): Promise<Entered> {
  const subject: AccessSubject = {
    companyId: credential.companyId,
    environment: credential.environment,
    context: by.at,
    credential: { ...by.credential, version: by.version },
    about: credential.id,
    ...(await knownLimits(context, credential, by.at)),
  }
  const entry = context.contexts.forSubject(subject)
  try {
    const signedIn = by.anew === true ? await entry.signInAnew() : await entry.signIn()
    return signedIn.ok ? { ok: true, entry } : { ok: false, outcome: refused(signedIn.failure) }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { ok: false, outcome: outcomeOf(error) }
  }
}

/** Where the credential is a company's, in the context of its integration. */
async function knownLimits(
  { db, environment }: DeliveryContext,
  { companyId }: BookedOn['credential'],
  at: KsefContext,
): Promise<Pick<AccessSubject, 'limits'>> {
  if (companyId === null) return {}
  return db.withCompany(companyId, async (tx) => {
    const integration = await tx.integrations.current(environment)
    const isThere = integration?.context.type === at.type && integration.context.value === at.value
    return isThere ? { limits: await readStanding(tx, integration) } : {}
  })
}

/** With the version that signs in at present: only the same subject's signature can ask for its next certificate (25001). */
export async function enterByActive(context: DeliveryContext, task: RotationTask): Promise<Entered> {
  const { credential } = task
  const version = activeOf(task)
  const at = version === null ? null : await signInContextOf(context, credential, version)
  if (version !== null && at !== null) return enterKsef(context, task, { credential, version, at })
  return { ok: false, outcome: { kind: 'impossible', code: 'ROTATION_HELPER_MISSING' } }
}

/** The store of secrets may be away for a while; whatever else is wrong with a secret stays wrong. */
export const outcomeOf = (error: FleetError): StepOutcome =>
  error.code === 'SECRET_UNAVAILABLE'
    ? { kind: 'postponed', code: error.code }
    : { kind: 'impossible', code: error.code, description: error.message }
