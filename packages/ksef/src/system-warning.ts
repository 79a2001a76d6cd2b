import type { KsefOperation } from './operations.ts'

/** A technical warning KSeF attached to an answer, e.g. that a habit of ours will be refused one day. */
export type SystemWarning = {
  readonly operation: KsefOperation
  readonly code: string
  readonly message: string
}

const WARNINGS_MAX = 20

/** Reads `X-System-Warning`: `[code]: message | [code]: message` (OpenAPI `SystemWarning`). */
export function readSystemWarnings(operation: KsefOperation, header: string | undefined): SystemWarning[] {
  if (header === undefined) return []
  return header
    .slice(0, 4000)
    .split('|')
    .slice(0, WARNINGS_MAX)
    .map((part) => {
      const match = /^\s*\[([^\]]+)\]:\s*(.*)$/s.exec(part)
      return { operation, code: match?.[1] ?? 'unknown', message: (match?.[2] ?? part).trim() }
    })
}
