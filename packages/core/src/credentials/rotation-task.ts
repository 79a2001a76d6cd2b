/** What one step of a rotation is given, and what it can come to. */
import type { KsefFailure } from '@ksef-fleet/ksef'
import type { ErrorCode } from '../errors.ts'
import type { Credential, CredentialVersion, VersionChange, VersionState } from './credential.ts'

export type RotationTask = {
  credential: Credential
  version: CredentialVersion
  /** All of the credential's, in any order. */
  versions: readonly CredentialVersion[]
}

/**
 * moved       on to the next state; what the audit log is told of it stands in `says`.
 * progress    something of the step was done and is written down; the rest of it is due at once.
 * waiting     for something that is not a failure: KSeF's processing, sessions that are not settled.
 * refused     KSeF said no, or could not be asked.
 * impossible  it cannot be done as things are.
 * postponed   something of our own is away for a while.
 * settled     the step wrote everything itself.
 */
export type StepOutcome =
  | { kind: 'moved'; to: VersionState; set?: VersionChange; says?: StepReport }
  | { kind: 'progress'; set: VersionChange }
  | { kind: 'waiting' }
  | { kind: 'refused'; failure: KsefFailure }
  | { kind: 'impossible'; code: ErrorCode; description?: string }
  | { kind: 'postponed'; code: ErrorCode }
  | { kind: 'settled' }

/** A step may succeed and still leave something undone at KSeF, which nobody shall have to guess. */
export type StepReport = { outcome: 'ok' | 'failed'; reason?: string; referenceNumber?: string }

export const waiting: StepOutcome = { kind: 'waiting' }
export const refused = (failure: KsefFailure): StepOutcome => ({ kind: 'refused', failure })

/** The version that signs in at present. */
export const activeOf = ({ versions }: Pick<RotationTask, 'versions'>): CredentialVersion | null =>
  versions.find(({ state }) => state === 'active') ?? null

/**
 * What KSeF lists our token or certificate under. It follows from the version alone, so that what was made before a kill
 * is found again: 5 to 100 letters, digits, spaces, `_` and `-`, which both KSeF's fields take.
 */
export const nameAtKsef = ({
  credentialId,
  number,
}: Pick<CredentialVersion, 'credentialId' | 'number'>): string => `ksef-fleet ${credentialId} v${number}`

/** A day of tries at the longest wait: KSeF's maintenance is over by then, and whatever is left needs a person. */
const TRIES_MAX = 300

export const triesAreOver = ({ tries }: Pick<CredentialVersion, 'tries'>): boolean => tries >= TRIES_MAX
