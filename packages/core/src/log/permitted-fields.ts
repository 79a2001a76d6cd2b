/**
 * Which fields of a log call reach the line. An allow-list: numbers and booleans under any name, short strings under the
 * names below, errors in normalised form. Nested objects never: a request, a row or a credential cannot ride along in one.
 * What was left out is named in `unlisted`, so that a missing field is seen and added here, not guessed at.
 */
import { normaliseError } from './normalised-error.ts'

const STRING_CHARACTERS_MAX = 300
const LIST_ITEMS_MAX = 20

const NAMES = new Set([
  'action',
  'actor',
  'because',
  'code',
  'constraint',
  'effect',
  'environment',
  'event',
  'formCode',
  'job',
  'loop',
  'kind',
  'level',
  'method',
  'name',
  'operation',
  'outcome',
  'permissions',
  'queue',
  'reason',
  'ring',
  'route',
  'service',
  'signal',
  'sqlState',
  'state',
  'subjectType',
  'from',
  'to',
  'origin',
  'address',
  'warning',
  'help',
])
const SUFFIX = /[a-z](?:Id|Ids|Number|Numbers|At|Until|State|Code|Codes|Kind|Reason)$/

/** The fields of a log call as they may be printed. */
export function permittedFields(fields: Record<string, unknown>): Record<string, unknown> {
  const printed: Record<string, unknown> = {}
  const unlisted: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    const permitted = permittedValue(name, value)
    if (permitted !== undefined) printed[name] = permitted
    else if (value !== undefined) unlisted.push(name.slice(0, 40))
  }
  return unlisted.length === 0 ? printed : { ...printed, unlisted: unlisted.slice(0, LIST_ITEMS_MAX) }
}

function permittedValue(name: string, value: unknown): unknown {
  if (value instanceof Error || name === 'error' || name === 'err') return normaliseError(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (!NAMES.has(name) && !SUFFIX.test(name)) return undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (typeof value === 'string') return value.slice(0, STRING_CHARACTERS_MAX)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' || typeof item === 'number')) {
    return value
      .slice(0, LIST_ITEMS_MAX)
      .map((item) => (typeof item === 'string' ? item.slice(0, STRING_CHARACTERS_MAX) : item))
  }
  return undefined
}
