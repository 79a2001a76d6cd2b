// Official tag "Tokeny KSeF"; tokeny-ksef.md of 29.06.2025.
import * as z from 'zod'
import { type Result, succeeded } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import { Sealed } from '../sealed.ts'
import { absentDate, wireDate } from '../wire-date.ts'
import { everyPage } from './every-page.ts'
import { absent, continuation, nextOf, present, referenceNumber } from './wire.ts'

/** The permissions a KSeF token can carry (OpenAPI `TokenPermissionType`). */
export const TOKEN_PERMISSIONS = [
  'InvoiceRead',
  'InvoiceWrite',
  'CredentialsRead',
  'CredentialsManage',
  'SubunitManage',
  'EnforcementOperations',
  'Introspection',
  'CollectiveIdentifierManage',
] as const
export type TokenPermission = (typeof TOKEN_PERMISSIONS)[number]

/** `Pending` becomes `Active` or `Failed`; `Active` becomes `Revoking` and `Revoked`. Only `Active` signs in. */
const STATUSES = ['Pending', 'Active', 'Revoking', 'Revoked', 'Failed'] as const
export type KsefTokenStatus = (typeof STATUSES)[number]

/** A token as KSeF lists it: everything but the secret, which is told once, on generation. */
export type KsefTokenMetadata = {
  readonly referenceNumber: string
  /** One of {@link KsefTokenStatus}; a status of tomorrow passes as text. */
  readonly status: string
  /** Why it failed, in KSeF's words. */
  readonly statusDetails: readonly string[]
  readonly description: string
  readonly requestedPermissions: readonly string[]
  readonly dateCreated: Date
  readonly lastUseDate?: Date
  readonly authorIdentifier: { readonly type: string; readonly value: string }
  /** The only context the token opens. */
  readonly contextIdentifier: { readonly type: string; readonly value: string }
}

export type NewKsefToken = {
  /** Fixed for the life of the token, and at most what its author holds in the context. */
  readonly permissions: readonly TokenPermission[]
  /** 5 to 256 characters; the only thing by which people tell tokens apart. */
  readonly description: string
}

export type GeneratedToken = { readonly referenceNumber: string; readonly token: Sealed<string> }

export type KsefTokenFilter = {
  readonly status?: readonly KsefTokenStatus[]
  /** Part of the description, at least 3 characters, case aside. */
  readonly description?: string
}

/** Body of `POST /tokens`. */
export const GenerateTokenRequest = z.strictObject({
  permissions: z.array(z.enum(TOKEN_PERMISSIONS)).min(1),
  description: z.string().min(5).max(256),
})
export const GenerateTokenResponse = z
  .object({ referenceNumber, token: z.string().min(1) })
  .transform(({ referenceNumber, token }): GeneratedToken => ({ referenceNumber, token: new Sealed(token) }))

const identifier = z.object({ type: z.string(), value: z.string() })
export const TokenStatusResponse = z
  .object({
    referenceNumber,
    status: z.string(),
    statusDetails: absent(z.array(z.string())),
    description: z.string().catch(''),
    requestedPermissions: z.array(z.string()),
    dateCreated: wireDate,
    lastUseDate: absentDate,
    authorIdentifier: identifier,
    contextIdentifier: identifier,
  })
  .transform(
    ({ statusDetails, ...rest }): KsefTokenMetadata => ({
      ...present(rest),
      statusDetails: statusDetails ?? [],
    }),
  )
export const TokensListResponse = z.object({
  continuationToken: absent(z.string()),
  tokens: z.array(TokenStatusResponse),
})

const TokenQuery = z.strictObject({
  status: z.array(z.enum(STATUSES)).optional(),
  description: z.string().min(3).optional(),
})
const PAGE_SIZE = 100

export type KsefTokens = {
  /**
   * Makes a token for the context of the sign-in. Its value is told here and never again. It can be used once
   * its status is `Active`. Needs a sign-in by signature: one by token gets `KSEF_AUTH_METHOD_NOT_ALLOWED`.
   */
  generate(access: Sealed<string>, wanted: NewKsefToken): Promise<Result<GeneratedToken>>
  /** Unknown to the caller, or not there: `KSEF_INPUT_INVALID`. */
  status(access: Sealed<string>, tokenReferenceNumber: string): Promise<Result<KsefTokenMetadata>>
  /**
   * All tokens of the context the caller may see, latest first, one request per hundred: with
   * `CredentialsManage` or `CredentialsRead` everybody's, else its own; a token sees only itself.
   */
  list(access: Sealed<string>, filter?: KsefTokenFilter): Promise<Result<readonly KsefTokenMetadata[]>>
  /**
   * Revokes a token, for which a token may also name itself. Access tokens made with it live on to their
   * end, unless their sign-ins are revoked too.
   */
  revoke(access: Sealed<string>, tokenReferenceNumber: string): Promise<Result<void>>
}

export const ksefTokens = (http: KsefHttp): KsefTokens => ({
  async generate(access, wanted) {
    const json = GenerateTokenRequest.parse(wanted)
    return http.json({ operation: 'generateKsefToken', access, json }, GenerateTokenResponse)
  },
  status(access, tokenReferenceNumber) {
    const path = { referenceNumber: tokenReferenceNumber }
    return http.json({ operation: 'getKsefTokenStatus', path, access }, TokenStatusResponse)
  },
  async list(access, filter = {}) {
    const operation = 'listKsefTokens'
    const query = { ...TokenQuery.parse(filter), pageSize: PAGE_SIZE }
    return everyPage<KsefTokenMetadata, string>(operation, async (mark) => {
      const headers = continuation(mark)
      const page = await http.json({ operation, access, query, headers }, TokensListResponse)
      return page.ok ? succeeded({ items: page.value.tokens, next: nextOf(page.value) }) : page
    })
  },
  revoke(access, tokenReferenceNumber) {
    const path = { referenceNumber: tokenReferenceNumber }
    return http.empty({ operation: 'revokeKsefToken', path, access })
  },
})
