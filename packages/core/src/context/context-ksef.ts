import type { KsefClient, Result, Sealed } from '@ksef-fleet/ksef'
import { type AccessSubject, budgetScopeOf } from '../access/access-subject.ts'
import { type AccessTokens, assertContext } from '../access/access-tokens.ts'
import { type Booking, bookedKsef } from '../access/booked-ksef.ts'
import type { CountedGroup, GroupBudget } from '../budget/rate-budget.ts'
import { FleetError } from '../errors.ts'

export type ContextDependencies = Booking & { access: AccessTokens }

/** KSeF, bound to one context: whoever holds it can speak for nobody else, and never sees a token. */
export type ContextKsef = {
  readonly subject: AccessSubject
  /** What the context has left of these groups, in one look; nothing is spent. */
  budget<Group extends CountedGroup>(
    groups: readonly Group[],
  ): Promise<{ readonly [Name in Group]: GroupBudget }>
  /** Makes sure of a token, so that a step fails before its effects and not amid them. @throws as `AccessTokens.of` */
  signIn(): Promise<Result<void>>
  /** Signs in now, whatever token is there. @throws as `AccessTokens.of` */
  signInAnew(): Promise<Result<void>>
  /**
   * Calls KSeF with the context's token, booked on it in the audit log. A 401 is a definite "not done": the token is
   * dropped, and after one sign-in the call is made once more.
   *
   * @throws as `AccessTokens.of`, before the call was made
   */
  call<T>(work: KsefCall<T>): Promise<Result<T>>
  /** A call that needs no token: a pre-signed link. */
  fetch<T>(work: (ksef: KsefClient) => Promise<Result<T>>): Promise<Result<T>>
}

export type KsefCall<T> = (ksef: KsefClient, access: Sealed<string>) => Promise<Result<T>>

export function contextKsef(deps: ContextDependencies, subject: AccessSubject): ContextKsef {
  const ksef = bookedKsef(deps, subject)

  const callWith = async <T>(work: KsefCall<T>, token: Sealed<string>): Promise<Result<T>> => {
    assertContext(token, subject.context)
    await deps.trail.room()
    return work(ksef, token)
  }
  /** Null when no other token is to be had: the refusal stands, and what the sign-in says is said at the next step. */
  const newToken = async (refused: Sealed<string>): Promise<Sealed<string> | null> => {
    await deps.access.drop(subject, refused)
    try {
      const again = await deps.access.of(subject)
      return again.ok ? again.token : null
    } catch (error) {
      if (error instanceof FleetError) return null
      throw error
    }
  }
  return {
    subject,
    budget: (groups) => deps.budget.peek(budgetScopeOf(subject), groups),
    async signIn() {
      const access = await deps.access.of(subject)
      return access.ok ? { ok: true, value: undefined } : access
    },
    async signInAnew() {
      const access = await deps.access.signInAnew(subject)
      return access.ok ? { ok: true, value: undefined } : access
    },
    async call(work) {
      const access = await deps.access.of(subject)
      if (!access.ok) return access
      const first = await callWith(work, access.token)
      if (first.ok || first.failure.kind !== 'unauthorized') return first
      const token = await newToken(access.token)
      return token === null ? first : callWith(work, token)
    },
    async fetch(work) {
      await deps.trail.room()
      return work(ksef)
    },
  }
}
