import { createHash, randomBytes } from 'node:crypto'

/**
 * Where a run's chance comes from: a seed and a count of draws, so that the same seed and the same order of requests
 * give the same reference numbers, KSeF numbers and random faults. Not for secrets of a real system.
 */
export type Randomness = {
  readonly seed: string
  /** Hexadecimal digits in upper case, two for each byte; at most 32 bytes. */
  hex(bytes: number): string
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean
}

export type RandomnessState = { seed: string; drawn: number }

export const freshRandomness = (seed = randomBytes(8).toString('hex')): RandomnessState => ({
  seed,
  drawn: 0,
})

const CHANCE_BYTES = 6

export function createRandomness(state: RandomnessState = freshRandomness()): Randomness {
  const hex = (bytes: number): string => {
    state.drawn += 1
    const block = createHash('sha256').update(`${state.seed}/${state.drawn}`).digest()
    return block.subarray(0, bytes).toString('hex').toUpperCase()
  }
  return {
    seed: state.seed,
    hex,
    chance: (probability) => Number.parseInt(hex(CHANCE_BYTES), 16) / 256 ** CHANCE_BYTES < probability,
  }
}
