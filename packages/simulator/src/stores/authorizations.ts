/**
 * Authorizations between entities ("uprawnienia podmiotowe", uprawnienia.md): who may issue invoices in whose name.
 * The API's own operations for granting them are not spoken yet, so a test grants them through the control plane.
 */
export const AUTHORIZATION_TYPES = ['SelfInvoicing', 'RRInvoicing', 'TaxRepresentative'] as const
export type AuthorizationType = (typeof AUTHORIZATION_TYPES)[number]

export type Authorization = {
  type: AuthorizationType
  /** NIP of the seller who lets another issue. */
  authorizing: string
  /** NIP of the one who may issue. */
  authorized: string
}

export type Authorizations = {
  grant(authorization: Authorization): void
  revoke(authorization: Authorization): void
  holds(authorization: Authorization): boolean
}

export function createAuthorizations(state: Set<string> = new Set()): Authorizations {
  const keyOf = ({ type, authorizing, authorized }: Authorization) => `${type}:${authorizing}>${authorized}`
  return {
    grant: (authorization) => void state.add(keyOf(authorization)),
    revoke: (authorization) => void state.delete(keyOf(authorization)),
    holds: (authorization) => state.has(keyOf(authorization)),
  }
}
