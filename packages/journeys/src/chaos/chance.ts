import { createHash } from 'node:crypto'

/**
 * A number in [0, 1) that follows from what is decided and nothing else. Decisions of a storm come from here and not from a
 * shared stream, so that timing changes when something happens and never what.
 */
export function chance(...about: readonly (string | number)[]): number {
  return createHash('sha256').update(about.join('\u0000')).digest().readUInt32BE(0) / 2 ** 32
}

/** One of `list`, chosen by what is decided. */
export function choice<T>(list: readonly T[], ...about: readonly (string | number)[]): T {
  const chosen = list[Math.floor(chance(...about) * list.length)]
  if (chosen === undefined) throw new Error('there is nothing to choose from')
  return chosen
}
