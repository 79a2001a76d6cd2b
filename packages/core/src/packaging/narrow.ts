import type { Submission } from '../submissions/submission.ts'

/**
 * How many may travel together after KSeF refused a package of `count` as a whole: the same ones once more, under a fresh
 * key, then half as many each time, so that a document that spoils every package ends up alone. Null: it was alone, twice.
 */
export function narrowed(count: number, packageMax: Submission['packageMax']): number | null {
  if (packageMax === null || packageMax > count) return count
  return count > 1 ? Math.floor(count / 2) : null
}

/** What a batch session's final status says of a package that KSeF read no invoice of (sesja-wsadowa.md). */
export type PackageFault =
  /** The package, its key or one of its documents: made anew, then halved. */
  | 'package'
  /** More invoices than the context's limit: halved at once. */
  | 'count'
  /** Time ran out, or nothing was sent: as before. */
  | 'time'

const CANCELLED = 440
const TOO_MANY = 420

export function faultOf(code: number): PackageFault {
  if (code === CANCELLED) return 'time'
  return code === TOO_MANY ? 'count' : 'package'
}

/** `packageMax` of what goes again after such a fault; undefined leaves it, null says that only a person helps. */
export function packageMaxAfter(
  fault: PackageFault,
  { count, packageMax }: { count: number; packageMax: number | null },
): number | null | undefined {
  if (fault === 'time') return undefined
  if (fault === 'count') return count > 1 ? Math.floor(count / 2) : null
  return narrowed(count, packageMax)
}
