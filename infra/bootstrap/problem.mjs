/** A failure whose message is all that the person in front of the terminal needs; no stack is shown for it. */
export class Problem extends Error {}

/** @param {unknown} error */
export function explain(error) {
  if (error instanceof Problem) return `\n${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** One plain line of progress. @param {string} line */
export function say(line) {
  process.stderr.write(`[fleet] ${line}\n`)
}
