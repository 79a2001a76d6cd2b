import { closestMatch } from 'leven'
import type * as z from 'zod'

/** How unlike a name may be and still be meant. */
const DISTANCE_MAX = 4

/** The known name that was probably meant; undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const lower = new Map(known.map((one) => [one.toLowerCase(), one]))
  const exact = lower.get(name.toLowerCase())
  if (exact !== undefined) return exact
  // Of a short name half must be right.
  const maxDistance = Math.min(DISTANCE_MAX, Math.ceil(name.length / 2))
  const near = closestMatch(name.toLowerCase(), [...lower.keys()], { maxDistance })
  if (near !== undefined) return lower.get(near)
  const within = known.filter((one) => one.length > 3 && name.length > 3 && alike(one, name))
  return within[0]
}

const alike = (one: string, other: string): boolean =>
  one.toLowerCase().includes(other.toLowerCase()) || other.toLowerCase().includes(one.toLowerCase())

/** What a strict object says of the fields it does not have: a line for each, in their order. */
export const unknownField =
  (known: readonly string[]): z.core.$ZodErrorMap =>
  (issue) => {
    if (issue.code !== 'unrecognized_keys' || issue.keys === undefined) return undefined
    return issue.keys.map((name) => unknown(name, known)).join('\n')
  }

function unknown(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  return near === undefined
    ? `\`${name}\` is not a field here; known are ${known.join(', ')}.`
    : `\`${name}\` is not a field here; did you mean \`${near}\`?`
}
