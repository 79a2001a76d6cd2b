/** What core says to the operator. Fields carry ids and codes, never a secret, a key or an invoice. */
export type Log = {
  info(fields: LogFields, event: string): void
  warn(fields: LogFields, event: string): void
  error(fields: LogFields & { error?: unknown }, event: string): void
}

export type LogFields = Record<string, unknown>
