/** Data as JSON has it. */

/** Deeper than any invoice is. */
const DEPTH_MAX = 30

/** The object without its nulls, which stand for what is not there; null when it is no object or nested without end. */
export function plainData(given: unknown): object | null {
  const data = isObject(given) ? withoutNulls(given, 0) : undefined
  return isObject(data) ? data : null
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** undefined: nested too deep. */
function withoutNulls(value: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX) return undefined
  if (Array.isArray(value)) return value.map((entry) => withoutNulls(entry, depth + 1))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined)
  return Object.fromEntries(kept.map(([name, entry]) => [name, withoutNulls(entry, depth + 1)]))
}

/** One text for one content: fields in the order of their names. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value ?? null)
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${fields.map(([name, entry]) => `${JSON.stringify(name)}:${canonicalJson(entry)}`).join(',')}}`
}
