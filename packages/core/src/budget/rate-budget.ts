/**
 * The rate budget: KSeF counts requests per context, egress address and limit group in sliding windows of a second, a
 * minute and an hour, all at once, so the fleet counts each call before it is made, for all workers together.
 */
import type { LimitCounter, LimitGroup, RateLimits } from '@ksef-fleet/ksef'
import type { KsefEnvironment } from '../identifiers.ts'
import type { KsefContext } from '../integrations/integration.ts'

/** What PostgreSQL knows of a context's limits. Every question carries it, so that the loss of Redis loses none of it. */
export type LimitStanding = {
  /** As KSeF said last (`GET /rate-limits`); null before it was asked: the published ones hold. */
  readonly limits: RateLimits | null
  /** Until when KSeF refuses calls, by counter. */
  readonly blocks: { readonly [counter: string]: Date }
  /** Since when the fleet may have called KSeF in this context; null: for who knows how long. */
  readonly since: Date | null
}

/** In which context calls are counted. */
export type BudgetScope = LimitStanding & {
  readonly environment: KsefEnvironment
  readonly context: KsefContext
}

export type Taken =
  | { readonly ok: true }
  /** @param blocked KSeF itself refuses the group until then */
  | { readonly ok: false; readonly retryAfterMs: number; readonly blocked: boolean }

export interface RateBudget {
  /**
   * Milliseconds that a call in want of a permit sits out rather than being put off: less than a claim's lease outlives a call.
   * Left out: `SAT_OUT_MS`.
   */
  readonly sitOutMs?: number | undefined
  /**
   * Counts one call before it is made, in all windows of its counter at once, or says how long it has to wait. Never
   * rejects: without Redis it counts in this process, by a part of the limits.
   *
   * @param share the part of each window that may be used by then, as `shareOf` says; the whole when left out
   * @param ended resolves when the call is over: one that took long counts from then, since nobody knows when it arrived. Whoever
   * asks with it again asks for the same call, which is counted once
   */
  take(
    scope: BudgetScope,
    counter: LimitCounter,
    by?: { share?: number; ended?: Promise<void> },
  ): Promise<Taken>
  /** What is left of several groups, in one look. Nothing is spent. */
  peek<Group extends CountedGroup>(
    scope: BudgetScope,
    groups: readonly Group[],
  ): Promise<{ readonly [Name in Group]: GroupBudget }>
  /** KSeF answered 429: no call of that counter before then. Never makes an earlier one shorter. */
  block(scope: BudgetScope, counter: LimitCounter, until: Date): Promise<void>
}

/** A group with one counter for all its operations. */
export type CountedGroup = Exclude<LimitGroup, 'other'>

export type GroupBudget = {
  /** Calls that may be made at once: the least of what the windows leave, none while blocked; null when nothing binds. */
  readonly left: number | null
  /** Until the next call may be made, in ms; 0 when it may be now. */
  readonly freeInMs: number
  /** Until KSeF's own refusal ends, in ms; 0 when it does not refuse. Part of `freeInMs`. */
  readonly blockedForMs: number
  /** Only windows that bind. */
  readonly windows: readonly WindowBudget[]
  /** `fleet`: for all workers, in Redis. `process`: Redis is away, and this process counts for itself. */
  readonly counted: 'fleet' | 'process'
}

export type WindowBudget = {
  readonly window: WindowName
  readonly limit: number
  /** Calls in it; after the counters were lost, half of it at least. */
  readonly used: number
  readonly left: number
  /** Until the next slot of this window frees, in ms; 0 when one is free. */
  readonly freeInMs: number
}

export type WindowName = 'second' | 'minute' | 'hour'
