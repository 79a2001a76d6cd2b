/**
 * Who signs in (subject) and for whom (context). Spelling of types follows the OpenAPI schemas
 * AuthenticationContextIdentifier and TestDataAuthorizedIdentifier.
 */
export type ContextType = 'Nip' | 'InternalId' | 'NipVatUe' | 'PeppolId'
export type Context = { type: ContextType; value: string }
export type SubjectType = 'Nip' | 'Pesel' | 'Fingerprint'
export type Subject = { type: SubjectType; value: string }

export const keyOf = (identity: Context | Subject): string => `${identity.type}:${identity.value}`

export const sameIdentity = (a: Context | Subject, b: Context | Subject): boolean => keyOf(a) === keyOf(b)

/** The NIP that stands behind a context: all but PeppolId begin with it. */
export function nipOf(context: Context): string | undefined {
  return context.type === 'PeppolId' ? undefined : context.value.slice(0, 10)
}

const PATTERNS: Record<ContextType, RegExp> = {
  Nip: /^[1-9](\d[1-9]|[1-9]\d)\d{7}$/,
  InternalId: /^[1-9](\d[1-9]|[1-9]\d)\d{7}-\d{5}$/,
  NipVatUe: /^[1-9](\d[1-9]|[1-9]\d)\d{7}-[A-Z]{2}[A-Z0-9+*]{2,12}$/,
  PeppolId: /^P[A-Z]{2}\d{6}$/,
}

export const isWellFormedContext = (context: Context): boolean => PATTERNS[context.type].test(context.value)
