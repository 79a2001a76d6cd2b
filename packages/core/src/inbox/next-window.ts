import type { SyncWindow } from './sync-state.ts'

/** KSeF takes ranges of 100 days in UTC (2.7.1); some hours less, because the end is KSeF's present and not ours. */
const WINDOW_MS_MAX = 99 * 24 * 3_600_000

/** @property to null: as far as KSeF's archive is final */
export type Window = { from: Date; to: Date | null }

/** The window to ask for next: from the checkpoint on, as long as KSeF allows. */
export function nextWindow(checkpoint: Date, now: Date): Window {
  const end = new Date(checkpoint.getTime() + WINDOW_MS_MAX)
  return { from: checkpoint, to: end < now ? end : null }
}

/** How far an answer says that it reaches. */
export type Reach = {
  isTruncated: boolean
  lastPermanentStorageDate?: Date | undefined
  permanentStorageHwmDate?: Date | undefined
}

/**
 * - `to`: everything before it is in the answer, and it is where the next window begins. Invoices of that very moment may be in
 *   both.
 * - `isWhole`: nothing is left to ask for now.
 */
export type Advance =
  | { ok: true; to: Date; isWhole: boolean }
  | { ok: false; code: 'SYNC_ANSWER_UNUSABLE' | 'SYNC_NO_PROGRESS' }

/**
 * The continuation point (hwm.md): what is cut off goes on from the last invoice's date, what is not from the high-water mark.
 * Never past the window's own end, never back.
 */
export function advanceOf({ from, to }: Window, reach: Reach): Advance {
  const said = reach.isTruncated ? reach.lastPermanentStorageDate : reach.permanentStorageHwmDate
  if (said === undefined) return { ok: false, code: 'SYNC_ANSWER_UNUSABLE' }
  const end = to !== null && said > to ? to : said
  // A window that is cut off at its own beginning would be asked for again and again.
  if (reach.isTruncated && end <= from) return { ok: false, code: 'SYNC_NO_PROGRESS' }
  return { ok: true, to: end < from ? from : end, isWhole: !reach.isTruncated && to === null }
}

/** Up to where windows cover all time from `start` on without a gap; they may overlap and stand in any order. */
export function provedUpTo(start: Date, windows: readonly Pick<SyncWindow, 'from' | 'to'>[]): Date {
  let proved = start
  for (const { from, to } of windows.toSorted((a, b) => a.from.getTime() - b.from.getTime())) {
    if (from > proved) break
    if (to > proved) proved = to
  }
  return proved
}

/** How much of the way from the start to the present is done, 0 to 1. */
export function progressOf(of: { startAt: Date; checkpoint: Date }, now: Date): number {
  const whole = now.getTime() - of.startAt.getTime()
  if (whole <= 0) return 1
  return Math.min(1, Math.max(0, (of.checkpoint.getTime() - of.startAt.getTime()) / whole))
}
