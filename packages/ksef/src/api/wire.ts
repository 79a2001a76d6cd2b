import * as z from 'zod'
import { foreignText } from '../foreign-text.ts'

/** `ReferenceNumber`: 36 characters by the contract. Read as any short text, since we only pass it back. */
export const referenceNumber = z.string().min(1).max(100)

/** `Sha256HashBase64`: 32 bytes in Base64. */
export const base64Hash = z.base64().length(44)

/** SHA-256 of a SubjectPublicKeyInfo in Base64: 44 characters since 2.8.0. */
export const publicKeyId = z.base64().length(44)

/** A member that may be missing or null; both read as absent. */
export const absent = <T>(schema: z.ZodType<T>) =>
  z
    .union([schema, z.null()])
    .optional()
    .transform((value): T | undefined => value ?? undefined)

/** What is only shown to people must not make an answer unreadable: nulls were seen where the contract has none. */
export const wished = <T>(schema: z.ZodType<T>) => absent(schema).catch(undefined)

/** `InvoicingMode`: whether KSeF counts an invoice as issued offline, by the sender's word or because it came after the day of its P_1. */
export const INVOICING_MODES = ['Online', 'Offline'] as const
export type InvoicingMode = (typeof INVOICING_MODES)[number]

/** A word that is none of them says as little as none at all, and must not keep back the number beside it. */
export const invoicingMode = wished(z.enum(INVOICING_MODES))

/** Drops members that are undefined, so that absent members are absent. */
export type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

export const present = <T extends object>(members: T): Present<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>

/** `StatusInfo` and `InvoiceStatusInfo`. Codes were seen as strings; descriptions change, never match on them. */
export const status = z
  .object({
    code: z.coerce.number().int(),
    description: z.string().catch(''),
    details: z.array(z.string()).nullish().catch(null),
    extensions: z.record(z.string(), z.string().nullable()).nullish().catch(null),
  })
  .transform(({ code, description, details, extensions }) => ({
    code,
    description: foreignText(description, 500),
    details: (details ?? []).slice(0, 50).map((text) => foreignText(text, 2000)),
    extensions: Object.fromEntries(
      Object.entries(extensions ?? {}).map(([name, text]) => [
        name,
        text === null ? null : foreignText(text, 2000),
      ]),
    ),
  }))

/** A status with its number and KSeF's words. Look the number up by resource: 415 means three things. */
export type WireStatus = {
  readonly code: number
  readonly description: string
  readonly details: readonly string[]
  readonly extensions: { readonly [name: string]: string | null }
}

/** The header that asks for the page after `token`; none asks for the first. */
export const continuation = (token: string | undefined): { readonly [name: string]: string } =>
  token === undefined ? {} : { 'x-continuation-token': token }

/** The token of the next page. KSeF says "none" in three ways: absent, null and empty. */
export const nextOf = (page: { readonly continuationToken?: string | undefined }): string | undefined =>
  page.continuationToken === '' ? undefined : page.continuationToken
