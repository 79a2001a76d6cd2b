// Official tag "Limity i ograniczenia"; limity/limity.md, limity/limity-api.md.
import * as z from 'zod'
import type { Result } from '../failure.ts'
import type { KsefHttp } from '../http.ts'
import type { Sealed } from '../sealed.ts'

export type SessionLimits = {
  readonly maxInvoiceSizeInMB: number
  readonly maxInvoiceWithAttachmentSizeInMB: number
  readonly maxInvoices: number
}

export type ContextLimits = { readonly onlineSession: SessionLimits; readonly batchSession: SessionLimits }

/** Requests allowed in sliding windows; the windows hold together. */
export type RateLimit = {
  readonly perSecond: number
  readonly perMinute: number
  readonly perHour: number
}

/** By KSeF's group of operations: `onlineSession`, `invoiceSend`, …; a group of tomorrow is kept. */
export type RateLimits = { readonly [group: string]: RateLimit }

const session = z.object({
  maxInvoiceSizeInMB: z.number(),
  maxInvoiceWithAttachmentSizeInMB: z.number(),
  maxInvoices: z.number(),
})
export const ContextLimitsResponse = z.object({ onlineSession: session, batchSession: session })

const rate = z.object({ perSecond: z.number(), perMinute: z.number(), perHour: z.number() })

/** A member that is not a limit is left out, so that one of another shape does not hide the others. */
export const RateLimitsResponse = z
  .record(z.string(), rate.optional().catch(undefined))
  .transform(
    (groups): RateLimits =>
      Object.fromEntries(
        Object.entries(groups).flatMap(([group, limit]) => (limit === undefined ? [] : [[group, limit]])),
      ),
  )

export type Limits = {
  /** Sizes and counts in force for the context. */
  context(access: Sealed<string>): Promise<Result<ContextLimits>>
  /** Requests in force for the context; KSeF may lower them for a time (limity-api.md). */
  rate(access: Sealed<string>): Promise<Result<RateLimits>>
}

export const limits = (http: KsefHttp): Limits => ({
  context: (access) => http.json({ operation: 'getContextLimits', access }, ContextLimitsResponse),
  rate: (access) => http.json({ operation: 'getRateLimits', access }, RateLimitsResponse),
})
