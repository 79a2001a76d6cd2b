/** A death at every call: at the first, at the second, and so on, some lives at once, until one comes to its end alive. */
import type { Death } from './mortal-database.ts'

/**
 * How many calls a life takes depends on how often it has to look again, and so on the machine: no number is given. One that took
 * fewer than the others outlives its death among them.
 *
 * @param story.surviveAll lives a life for each death, and brings each to its end
 * @returns every life; the last one outlived its death
 */
export async function dieAtEveryCall<Life extends { hasDied: boolean }>(story: {
  when: Death['when']
  atOnce: number
  surviveAll(deaths: readonly Death[]): Promise<readonly Life[]>
}): Promise<Life[]> {
  const { when, atOnce, surviveAll } = story
  const lives: Life[] = []
  do {
    const calls = Array.from({ length: atOnce }, (_, index) => lives.length + index + 1)
    lives.push(...(await surviveAll(calls.map((atCall) => ({ atCall, when })))))
  } while (lives.at(-1)?.hasDied)
  return lives
}

export const deathsOf = (lives: readonly { hasDied: boolean }[]): number =>
  lives.filter(({ hasDied }) => hasDied).length
