/**
 * Pieces of JSON Schema that several operations share; each route states its own body with them. Written from the
 * OpenAPI's request schemas. Unknown members are ignored, as KSeF does.
 */
export const referenceNumber = { type: 'string', minLength: 36, maxLength: 36 } as const
export const base64 = { type: 'string', minLength: 1, pattern: '^[A-Za-z0-9+/]+={0,2}$' } as const
export const sha256 = { type: 'string', pattern: '^[A-Za-z0-9+/]{43}=$' } as const
export const publicKeyId = { type: 'string', minLength: 44, maxLength: 44, nullable: true } as const
export const nip = { type: 'string', pattern: '^[1-9](\\d[1-9]|[1-9]\\d)\\d{7}$' } as const
export const description = { type: 'string', minLength: 5, maxLength: 256 } as const

export const object = (required: readonly string[], properties: Record<string, unknown>) =>
  ({ type: 'object', required, properties }) as const

export const identifier = (types: readonly string[]) =>
  object(['type', 'value'], {
    type: { type: 'string', enum: types },
    value: { type: 'string', minLength: 1 },
  })

/** Query parameter pageSize with its limits (OpenAPI gives them per operation). */
export const pageSize = (maximum: number) => ({ type: 'integer', minimum: 10, maximum, default: 10 }) as const

const code = { type: 'string', minLength: 1 }
export const formCode = object(['systemCode', 'schemaVersion', 'value'], {
  systemCode: code,
  schemaVersion: code,
  value: code,
})

export const sessionPath = object(['referenceNumber'], { referenceNumber })

export type SessionPath = { referenceNumber: string }
