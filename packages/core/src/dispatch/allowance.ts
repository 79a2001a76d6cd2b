import type { GroupBudget } from '../budget/rate-budget.ts'

/** What is left of one of KSeF's limit groups in a context, in all of its windows at once. */
export type Allowance = {
  /** Calls that may be made now. */
  left: number
  /** When the next one may be made, where none may be made now. */
  freeAt: Date | null
  /** What is spent of the last hour, and what an hour allows. */
  spentOfHour: number
  perHour: number
}

const HOUR = 'hour'

/** What the budget has left of a group, as the planner looks at it. A group without a bound is as good as never spent. */
export function allowanceOf({ left, freeInMs, windows }: GroupBudget, now: Date): Allowance {
  const hour = windows.find(({ window }) => window === HOUR)
  return {
    left: left ?? Number.MAX_SAFE_INTEGER,
    freeAt: left === 0 ? new Date(now.getTime() + freeInMs) : null,
    spentOfHour: hour?.used ?? 0,
    perHour: hour?.limit ?? Number.MAX_SAFE_INTEGER,
  }
}

/**
 * What both leave, where each call of the one is followed by one of the other: a session that may be opened and not be closed in
 * time is not to be opened.
 */
export function leastOf(one: Allowance, other: Allowance): Allowance {
  const leftOfHour = ({ perHour, spentOfHour }: Allowance) => perHour - spentOfHour
  const { spentOfHour, perHour } = leftOfHour(other) < leftOfHour(one) ? other : one
  return {
    left: Math.min(one.left, other.left),
    freeAt: laterOf(one.freeAt, other.freeAt),
    spentOfHour,
    perHour,
  }
}

const laterOf = (one: Date | null, other: Date | null): Date | null => {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}

/** Part of the hour's calls that are spent, 0 to 1. */
export const spentPart = ({ spentOfHour, perHour }: Allowance): number =>
  perHour <= 0 ? 1 : Math.min(1, spentOfHour / perHour)
