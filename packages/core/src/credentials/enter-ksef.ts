import type { KsefClient, Sealed } from '@ksef-fleet/ksef'
import type { AccessSubject } from '../access/access-subject.ts'
import { bookedKsef } from '../access/booked-ksef.ts'
import { signIn } from '../access/sign-in.ts'
import type { DeliveryContext } from '../delivery/delivery-context.ts'
import { FleetError } from '../errors.ts'
import type { KsefContext } from '../integrations/integration.ts'
import type { Credential, CredentialVersion } from './credential.ts'
import { activeOf, type RotationTask, refused, type StepOutcome } from './rotation-task.ts'
import { signInContextOf } from './sign-in-context.ts'

/** A way into KSeF that ends with the step: its token is in no cache. */
export type Entry = { ksef: KsefClient; access: Sealed<string>; context: KsefContext }

export type Entered = { ok: true; entry: Entry } | { ok: false; outcome: StepOutcome }

/** On whom calls are booked: the credential they are about, and its owner. */
export type BookedOn = { credential: Pick<Credential, 'id' | 'companyId' | 'environment'> }

/** Signs in with exactly that version, past every cache: a rotation wants to see the credential itself work. */
export async function enterKsef(
  context: DeliveryContext,
  { credential }: BookedOn,
  by: { credential: Credential; version: CredentialVersion; at: KsefContext },
): Promise<Entered> {
  const subject: AccessSubject = {
    companyId: credential.companyId,
    environment: credential.environment,
    context: by.at,
    credential: { ...by.credential, version: by.version },
    about: credential.id,
  }
  const ksef = bookedKsef(context, subject)
  try {
    await context.trail.room()
    const signedIn = await signIn(context, ksef, subject)
    if (!signedIn.ok) return { ok: false, outcome: refused(signedIn.failure) }
    return { ok: true, entry: { ksef, access: signedIn.value.accessToken.token, context: by.at } }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { ok: false, outcome: outcomeOf(error) }
  }
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

/** Ends the step's own sign-in, so that none is left behind at KSeF. It would end by itself, so a failure is only told. */
export async function leaveKsef(context: DeliveryContext, { ksef, access }: Entry): Promise<void> {
  const left = await ksef.authSessions.revokeCurrent(access)
  if (!left.ok) context.log.warn({ code: left.failure.code }, 'rotation.sign-in-left')
}
