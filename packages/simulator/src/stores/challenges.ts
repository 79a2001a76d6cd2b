import { type Clock, later } from '../clock.ts'
import type { Randomness } from '../randomness.ts'
import { newReferenceNumber } from '../reference-number.ts'

/** A challenge lives ten minutes and signs in once (uwierzytelnianie.md, section 1). */
export type Challenge = { challenge: string; issuedAt: Date }

export type Challenges = {
  issue(): Challenge
  /** The challenge, if it is ours, alive and unused. */
  find(challenge: string): Challenge | undefined
  consume(challenge: string): void
}

export type ChallengesInput = { clock: Clock; randomness: Randomness; lifeSeconds: number }

export function createChallenges(
  { clock, randomness, lifeSeconds }: ChallengesInput,
  open: Map<string, Challenge>,
): Challenges {
  return {
    issue: () => {
      const issued = { challenge: newReferenceNumber('CR', clock.now(), randomness), issuedAt: clock.now() }
      open.set(issued.challenge, issued)
      return issued
    },
    find: (challenge) => {
      const found = open.get(challenge)
      const alive = found !== undefined && clock.now() <= later(found.issuedAt, lifeSeconds * 1000)
      return alive ? found : undefined
    },
    consume: (challenge) => void open.delete(challenge),
  }
}
