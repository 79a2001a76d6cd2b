/** What a text takes in memory beside its characters, of which each takes two bytes at most. */
const TEXT_BYTES = 32

/**
 * The numbers of originals that the corrections of one upload name are kept until all of it is stored. A correction may name a
 * thousand, and an upload be made of such: once there is no room for more, a correction goes after the first alone.
 */
export function keptOriginals(bytesMax: number): (numbers: readonly string[]) => readonly string[] {
  let left = bytesMax
  return (numbers) => {
    const bytes = numbers.reduce((sum, { length }) => sum + TEXT_BYTES + 2 * length, 0)
    if (bytes > left) return numbers.slice(0, 1)
    left -= bytes
    return numbers
  }
}
