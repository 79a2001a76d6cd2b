// Official tag "Wyszukiwanie nadanych uprawnień"; uprawnienia.md, "Pobranie listy własnych uprawnień".
import * as z from 'zod'
import { type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'
import { wireDate } from '../wire-date.ts'
import { everyPage } from './every-page.ts'
import { absent, present } from './wire.ts'

/** Whom a permission is about. `AllPartners` has no value. */
export type NamedIdentifier = { readonly type: string; readonly value?: string }

/** A permission the signed-in subject has in the context it signed in to. */
export type GrantedPermission = {
  readonly id: string
  /** `InvoiceRead`, `InvoiceWrite`, `CredentialsManage`, …; names of tomorrow pass. */
  readonly permissionScope: string
  /** `Active` or `Inactive`. */
  readonly permissionState: string
  readonly description: string
  /** Who entrusted its invoices to the context, for permissions the context itself received. */
  readonly contextIdentifier?: NamedIdentifier
  /** Who holds the permission, where it is not the signed-in subject itself. */
  readonly authorizedIdentifier?: NamedIdentifier
  /** For whom a permission granted indirectly is meant. */
  readonly targetIdentifier?: NamedIdentifier
  readonly startDate: Date
  readonly canDelegate: boolean
}

export type PersonalGrantsFilter = {
  readonly contextIdentifier?: { readonly type: 'Nip' | 'InternalId'; readonly value: string }
  readonly permissionTypes?: readonly string[]
  readonly permissionState?: 'Active' | 'Inactive'
}

/** Body of `POST /permissions/query/personal/grants`. */
export const PersonalPermissionsQueryRequest = z.strictObject({
  contextIdentifier: z.strictObject({ type: z.enum(['Nip', 'InternalId']), value: z.string() }).optional(),
  permissionTypes: z.array(z.string()).optional(),
  permissionState: z.enum(['Active', 'Inactive']).optional(),
})

const identifier = absent(
  z
    .object({ type: z.string(), value: absent(z.string()) })
    .transform((named): NamedIdentifier => present(named)),
)

const Grant = z
  .object({
    id: z.string(),
    permissionScope: z.string(),
    permissionState: z.string(),
    description: z.string().catch(''),
    contextIdentifier: identifier,
    authorizedIdentifier: identifier,
    targetIdentifier: identifier,
    startDate: wireDate,
    canDelegate: z.boolean().catch(false),
  })
  .transform((grant): GrantedPermission => present(grant))

export const PersonalPermissionsResponse = z.object({ permissions: z.array(Grant), hasMore: z.boolean() })

const PAGE_SIZE = 100

export type Permissions = {
  /**
   * All permissions of the signed-in subject in the current context, latest first, one request per hundred.
   * An owner's are listed too. Signed in with a KSeF token: those of the token.
   */
  personalGrants(
    access: Sealed<string>,
    filter?: PersonalGrantsFilter,
  ): Promise<Result<readonly GrantedPermission[]>>
}

export const permissions = (http: KsefHttp): Permissions => ({
  async personalGrants(access, filter = {}) {
    const operation = 'listPersonalGrants'
    const json = PersonalPermissionsQueryRequest.parse(filter)
    return everyPage<GrantedPermission, number>(operation, async (pageOffset = 0) => {
      const query = { pageOffset, pageSize: PAGE_SIZE }
      const page = await http.json({ operation, access, json, query }, PersonalPermissionsResponse)
      if (!page.ok) return page
      const { permissions: items, hasMore } = page.value
      return succeeded(hasMore ? { items, next: pageOffset + 1 } : { items })
    })
  },
})
