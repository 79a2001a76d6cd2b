import { type Clock, later } from '../clock.ts'
import { newReferenceNumber } from '../reference-number.ts'

/** A challenge lives ten minutes and signs in once (uwierzytelnianie.md, section 1). */
export type Challenge = { challenge: string; issuedAt: Date }

export type Challenges = {
  issue(): Challenge
  /** The challenge, if it is ours, alive and unused. */
  find(challenge: string): Challenge | undefined
  consume(challenge: string): void
}

export function createChallenges(clock: Clock, lifeSeconds: number): Challenges {
  const open = new Map<string, Challenge>()
  return {
    issue: () => {
      const issued = { challenge: newReferenceNumber('CR', clock.now()), issuedAt: clock.now() }
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
