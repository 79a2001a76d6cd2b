/**
 * Which of a company's pending invoices go now, and how. One by one, KSeF registers 180 an hour; in packages of up to
 * 10,000, sixty times an hour. A caller knows of neither.
 *
 * - A lone invoice goes at once while there is budget for it.
 * - A crowd goes in a package at once: as soon as it has stopped growing, or after three seconds of growing.
 * - As the hour's packages are spent, a package waits longer for company, so that there is always one left.
 * - Of invoices issued offline those whose deadline comes first go first; what is issued online is to go today.
 * - A tenth of the single calls is kept for those who ask to go immediately.
 *
 * Pure: the same state gives the same plan. What the plan spends is taken from the budget by the calls themselves.
 */
import { type Allowance, spentPart } from './allowance.ts'
import { type PendingGroup, type Travel, travelOf } from './pending-group.ts'

export type DispatchState = {
  now: Date
  pending: readonly PendingGroup[]
  /** Forms with an online session that takes invoices. */
  openForms: readonly string[]
  /** Packages that are being made or uploaded for the company. */
  packagesUnderWay: number
  /** For sessions what is left for opening as well as for closing them. */
  budget: { invoiceSend: Allowance; onlineSession: Allowance; batchSession: Allowance }
  /** Invoices a batch session takes in this context (`GET /limits/context`). */
  batchInvoicesMax: number
  /** The day in Warsaw, `YYYY-MM-DD`: what is issued online is to go on it. */
  today: string
  /** Midnight in Warsaw: an invoice dated today that goes later counts as issued offline. */
  dayEndsAt: Date
}

export type DispatchStep =
  | { do: 'send'; group: PendingGroup; count: number }
  | { do: 'package'; group: PendingGroup; count: number }

export type DispatchPlan = {
  now: readonly DispatchStep[]
  /** When to plan again for what waits; null when nothing does, or when what it waits for rings by itself. */
  waitUntil: Date | null
}

/** Part of the hour's single calls that only urgent invoices may spend. */
const KEPT_FOR_URGENT = 0.1
/** So many invoices at most go one by one before a package is the better way: a part of what is left, and this at most. */
const SINGLES_PART = 1 / 18
const SINGLES_MAX = 10
/** A crowd that has not grown for so long is whole. */
const QUIET_MS = 1_000
/** A crowd that goes on growing is cut after so long. */
const GROWING_MS_MAX = 3_000
/** A crowd of this size and more waits less for company, while there is plenty of budget. */
const BIG_CROWD = 500
/** From this part of the hour's packages on the window widens, and from that one a crowd waits as long as anybody. */
const WIDENS_FROM = 0.25
const THIN_FROM = 0.75
/** In the end it is so many times an even pace: whoever spent the first packages at once then lasts until they come back. */
const EVEN_TIMES_MAX = 4
const HOUR_MS = 3_600_000
/** Packages of one company made side by side: those that wait grow meanwhile. */
const PACKAGES_AT_ONCE = 3
/** Before the day's end nothing waits for company any more. */
const DAY_END_MARGIN_MS = 120_000

export function planDispatch(state: DispatchState): DispatchPlan {
  const plan = new Plan(state)
  for (const group of [...state.pending].sort(byUrgency(state.today))) plan.add(group)
  return plan.done()
}

/** The urgent before all others, then whose day comes first, then whoever waits longest. */
const byUrgency =
  (today: string) =>
  (one: PendingGroup, other: PendingGroup): number =>
    Number(travelOf(other) === 'singly') - Number(travelOf(one) === 'singly') ||
    dayOf(one, today).localeCompare(dayOf(other, today)) ||
    one.oldestAt.getTime() - other.oldestAt.getTime()

const NO_DAY = '9999-12-31'

const dayOf = ({ offline, deadline }: PendingGroup, today: string): string =>
  offline ? (deadline ?? NO_DAY) : today

/** How long a group waits for company before it is packed: nothing while there is plenty, minutes in the end. */
export function windowMs(batchSession: Allowance, count: number): number {
  const spent = spentPart(batchSession)
  const widened = Math.max(0, (spent - WIDENS_FROM) / (1 - WIDENS_FROM)) ** 2
  const evenMs = batchSession.perHour <= 0 ? HOUR_MS : HOUR_MS / batchSession.perHour
  const crowded = spent < THIN_FROM ? Math.min(1, BIG_CROWD / Math.max(1, count)) : 1
  return evenMs * EVEN_TIMES_MAX * widened * crowded
}

class Plan {
  private readonly state: DispatchState
  private readonly steps: DispatchStep[] = []
  private readonly opened: Set<string>
  private singlesLeft: number
  private opensLeft: number
  private packagesLeft: number
  private wakeMs = Number.POSITIVE_INFINITY

  constructor(state: DispatchState) {
    const { budget } = state
    this.state = state
    this.opened = new Set(state.openForms)
    this.singlesLeft = budget.invoiceSend.left
    this.opensLeft = budget.onlineSession.left
    this.packagesLeft = Math.min(budget.batchSession.left, PACKAGES_AT_ONCE - state.packagesUnderWay)
  }

  add(group: PendingGroup): void {
    const travel = travelOf(group)
    if (travel === 'singly') this.sendSingly(group, group.count)
    else if (travel === 'either' && group.count <= this.singlesFor(group)) this.sendSingly(group, group.count)
    else this.pack(group, travel)
  }

  done(): DispatchPlan {
    const waits = Number.isFinite(this.wakeMs)
    return { now: this.steps, waitUntil: waits ? new Date(this.wakeMs) : null }
  }

  /** How many of the group the budget would rather see go one by one. */
  private singlesFor({ formCode }: PendingGroup): number {
    if (!this.mayEnter(formCode)) return 0
    const { invoiceSend } = this.state.budget
    const kept = Math.ceil(invoiceSend.perHour * KEPT_FOR_URGENT)
    const leftOfHour = invoiceSend.perHour - invoiceSend.spentOfHour - kept
    if (leftOfHour <= 0) return 0
    return Math.min(this.singlesLeft, SINGLES_MAX, Math.max(1, Math.floor(leftOfHour * SINGLES_PART)))
  }

  /** Whether a session of that form is open or may be opened now. */
  private mayEnter(formCode: string): boolean {
    return this.opened.has(formCode) || this.opensLeft > 0
  }

  private sendSingly(group: PendingGroup, wanted: number): void {
    const { formCode } = group
    const count = this.mayEnter(formCode) ? Math.min(wanted, this.singlesLeft) : 0
    if (count > 0) {
      if (!this.opened.has(formCode)) this.opensLeft--
      this.opened.add(formCode)
      this.singlesLeft -= count
      this.steps.push({ do: 'send', group, count })
    }
    if (count < wanted) {
      this.wakeAt(this.state.budget.invoiceSend.freeAt)
      if (!this.mayEnter(formCode)) this.wakeAt(this.state.budget.onlineSession.freeAt)
    }
  }

  private pack(group: PendingGroup, travel: Travel): void {
    const readyMs = this.readyMs(group)
    if (readyMs > this.state.now.getTime()) {
      this.wakeAt(new Date(readyMs))
      return
    }
    const size = Math.min(this.state.batchInvoicesMax, group.packageMax ?? Number.POSITIVE_INFINITY)
    let waiting = group.count
    while (waiting > 0 && this.packagesLeft > 0) {
      const count = Math.min(waiting, size)
      this.steps.push({ do: 'package', group, count })
      this.packagesLeft--
      waiting -= count
    }
    if (waiting === 0) return
    this.wakeAt(this.state.budget.batchSession.freeAt)
    // No package can be made for a while: some of those who may are sent one by one meanwhile.
    if (travel === 'either' && this.state.budget.batchSession.left === 0 && waiting === group.count)
      this.sendSingly(group, Math.min(waiting, this.singlesFor(group)))
  }

  /** From when on the group is packed. */
  private readyMs({ count, packageMax, oldestAt, newestAt }: PendingGroup): number {
    const size = Math.min(this.state.batchInvoicesMax, packageMax ?? Number.POSITIVE_INFINITY)
    if (count >= size) return 0
    const [oldest, newest] = [oldestAt.getTime(), newestAt.getTime()]
    const quietMs = Math.min(QUIET_MS, newest - oldest)
    const wholeMs = Math.min(newest + quietMs, oldest + GROWING_MS_MAX)
    const pacedMs = oldest + windowMs(this.state.budget.batchSession, count)
    const dayEndMs = this.state.dayEndsAt.getTime() - DAY_END_MARGIN_MS
    return Math.min(Math.max(wholeMs, pacedMs), dayEndMs)
  }

  private wakeAt(at: Date | null): void {
    if (at !== null) this.wakeMs = Math.min(this.wakeMs, at.getTime())
  }
}
