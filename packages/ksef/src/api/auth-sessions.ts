// Official tag "Aktywne sesje"; auth/sesje.md. A session here is a sign-in that may still be refreshed, not one
// that invoices are sent in.
import * as z from 'zod'
import { type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { absentDate, wireDate } from '../wire-date.ts'
import { everyPage } from './every-page.ts'
import { absent, continuation, nextOf, present, referenceNumber, status, type WireStatus } from './wire.ts'

/** A sign-in of the same subject to the same context. */
export type AuthSession = {
  readonly referenceNumber: string
  /** Whether it is the one this call was made with. */
  readonly isCurrent: boolean
  readonly startDate: Date
  /** How it signed in, e.g. `ksef-token` or `xades.qualified-seal`. */
  readonly authenticationMethodCode?: string
  readonly status: WireStatus
  readonly isTokenRedeemed?: boolean
  readonly lastTokenRefreshDate?: Date
  readonly refreshTokenValidUntil?: Date
}

const Item = z
  .object({
    referenceNumber,
    isCurrent: z.boolean().catch(false),
    startDate: wireDate,
    authenticationMethodInfo: absent(z.object({ code: z.string() })).catch(undefined),
    status,
    isTokenRedeemed: absent(z.boolean()),
    lastTokenRefreshDate: absentDate,
    refreshTokenValidUntil: absentDate,
  })
  .transform(
    ({ authenticationMethodInfo, ...rest }): AuthSession =>
      present({ ...rest, authenticationMethodCode: authenticationMethodInfo?.code }),
  )

export const AuthSessionsResponse = z.object({
  continuationToken: absent(z.string()),
  items: z.array(Item),
})

const PAGE_SIZE = 100

export type AuthSessions = {
  /** All that are active, latest first, one request per hundred. */
  list(access: Sealed<string>): Promise<Result<readonly AuthSession[]>>
  /**
   * Ends the sign-in this token belongs to, which may be a refresh token too. Its refresh token stops
   * working; access tokens already made live on to their end.
   */
  revokeCurrent(accessOrRefresh: Sealed<string>): Promise<Result<void>>
  /** Ends another sign-in of the same subject and context. */
  revoke(access: Sealed<string>, authReferenceNumber: string): Promise<Result<void>>
}

export const authSessions = (http: KsefHttp): AuthSessions => ({
  list(access) {
    const operation = 'listAuthSessions'
    const query = { pageSize: PAGE_SIZE }
    return everyPage<AuthSession, string>(operation, async (mark) => {
      const headers = continuation(mark)
      const page = await http.json({ operation, access, query, headers }, AuthSessionsResponse)
      return page.ok ? succeeded({ items: page.value.items, next: nextOf(page.value) }) : page
    })
  },
  revokeCurrent: (accessOrRefresh) =>
    http.empty({ operation: 'revokeCurrentAuthSession', access: accessOrRefresh }),
  revoke(access, authReferenceNumber) {
    const path = { referenceNumber: authReferenceNumber }
    return http.empty({ operation: 'revokeAuthSession', path, access })
  },
})
