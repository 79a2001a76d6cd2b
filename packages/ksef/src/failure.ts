import type { KsefErrorCode } from './error-codes.ts'
import type { KsefOperation } from './operations.ts'

/** What a call came to. Nothing here throws for KSeF's or the network's sake; only bugs throw. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: KsefFailure }

/**
 * Where a call failed.
 * - `held-back`: the caller's own guard let no request leave; see `KsefClient.guardedBy`.
 * - `connection`: DNS, refused, connect timeout, TLS. The request certainly never left.
 * - `no-answer`: timeout, reset, a cut body, a body over the size cap. The request may have been carried out.
 * - `refused`: HTTP 400 and the 4xx without a kind of their own.
 * - `unauthorized` 401, `forbidden` 403 (also HTML from a firewall), `gone` 410, `rate-limited` 429,
 *   `server` 5xx.
 * - `unreadable`: a 2xx whose body is not what the contract says, or a redirect, which is never followed.
 * - `status`: KSeF accepted the request and later said no, as sign-in does.
 */
export type KsefFailureKind =
  | 'held-back'
  | 'connection'
  | 'no-answer'
  | 'refused'
  | 'unauthorized'
  | 'forbidden'
  | 'gone'
  | 'rate-limited'
  | 'server'
  | 'unreadable'
  | 'status'

/** Whether the call changed anything at KSeF. Only `none` permits sending again without looking first. */
export type KsefEffect = 'none' | 'unknown'

/** A call that did not succeed. Holds no secret and no document: safe to log and to store. */
export type KsefFailure = {
  readonly operation: KsefOperation
  readonly kind: KsefFailureKind
  readonly effect: KsefEffect
  /** Closed union; see {@link KSEF_ERRORS} for meaning, who must act and whether trying again helps. */
  readonly code: KsefErrorCode
  readonly httpStatus?: number
  /** KSeF's number: an `exceptionCode` (400) or, for kind `status`, the status code. */
  readonly exceptionCode?: number
  /** KSeF's or the network's words, at most 500 characters. For people, never to be matched on. */
  readonly description?: string
  /** KSeF's details, at most 20 of at most 500 characters. */
  readonly details?: readonly string[]
  /** `reasonCode` of a 403, e.g. `missing-permissions`. */
  readonly reasonCode?: string
  /** `Retry-After` in seconds, rounded up; absent when missing or not readable. Held back: until then, to the ms. */
  readonly retryAfterSeconds?: number
  readonly traceId?: string
}

/** The answer of a guard that lets no request leave before `retryAfterSeconds` (fractions allowed) have passed. */
export const heldBack = (operation: KsefOperation, retryAfterSeconds: number): KsefFailure => ({
  operation,
  kind: 'held-back',
  effect: 'none',
  code: 'KSEF_BUDGET_SPENT',
  retryAfterSeconds,
})

export const succeeded = <T>(value: T): Result<T> => ({ ok: true, value })
export const failed = (failure: KsefFailure): { readonly ok: false; readonly failure: KsefFailure } => ({
  ok: false,
  failure,
})
