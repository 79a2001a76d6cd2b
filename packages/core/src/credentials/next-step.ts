/**
 * What is to be done next with a version of a credential. Pure: the job `advance-credential` reads, asks here, does the
 * one step, and writes; killed at any line it asks again and does the same step, which finds what was done already.
 */
import type { Credential, CredentialVersion } from './credential.ts'
import { renewalDue } from './renewal.ts'

/**
 * make     KSeF is asked for a token or a certificate; or its answer is awaited.
 * prove    sign in with it and make one call that reads.
 * promote  it becomes the one that signs in, and the one before it retires.
 * renew    a successor is asked for, because it ends soon.
 * retire   its credential was revoked: it signs in no more.
 * drain    sessions opened under it are finished.
 * revoke   KSeF is told to take it no more.
 * erase    its secret goes.
 * give-up  it shall never be used: its credential was revoked, or a newer one is active already.
 * rest     nothing is to be done.
 */
export type Step =
  | 'make'
  | 'prove'
  | 'promote'
  | 'renew'
  | 'retire'
  | 'drain'
  | 'revoke'
  | 'erase'
  | 'give-up'
  | 'rest'

const ON_THE_WAY = { requested: 'make', staged: 'prove', proved: 'promote' } as const
const ON_THE_WAY_OUT = { retiring: 'drain', drained: 'revoke', revoked: 'erase', failed: 'erase' } as const

/** @param versions all of the credential's, in any order */
export function nextStep(facts: {
  credential: Pick<Credential, 'state' | 'kind' | 'autoRenew'>
  version: CredentialVersion
  versions: readonly CredentialVersion[]
  now: Date
}): Step {
  const { credential, version, versions, now } = facts
  const ends = credential.state !== 'active'
  switch (version.state) {
    case 'requested':
    case 'staged':
    case 'proved':
      return ends || isOvertaken(version, versions) ? 'give-up' : ON_THE_WAY[version.state]
    case 'active':
      if (ends) return 'retire'
      return renewalDue(credential, version, now) && !isSucceeded(version, versions) ? 'renew' : 'rest'
    case 'erased':
      return 'rest'
    default:
      return ON_THE_WAY_OUT[version.state]
  }
}

/** Two rotations asked for at once: the later one wins, whichever is proved first. */
const isOvertaken = (version: CredentialVersion, versions: readonly CredentialVersion[]): boolean =>
  versions.some(({ number, state }) => number > version.number && state === 'active')

/** A successor is on its way already, renewed by us or supplied by the owner. */
const isSucceeded = (version: CredentialVersion, versions: readonly CredentialVersion[]): boolean =>
  versions.some(({ number, state }) => number > version.number && state in ON_THE_WAY)
