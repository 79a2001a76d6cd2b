/** Who does what next, what a fault does to it, and every schedule of at most so many faults, one after the other. */
import * as asking from './asking.ts'
import { FAULTS, type Fault, faultsAt } from './faults.ts'
import { expireClaims } from './rows.ts'
import * as sending from './sending.ts'
import { copyWorld, newWorker, type Step, TIMING, type Worker, type World } from './world.ts'

/** Just past a lease, and past everything that follows from its end. */
const SLEEP_SECONDS = TIMING.claimLeaseSeconds + 5
const SLEEP_LONG_SECONDS = 10 * TIMING.claimLeaseSeconds
export const STEPS_MAX = 600

type Act = (world: World, me: Worker, fault: Fault) => void
const ACTS: Readonly<Record<Exclude<Step, 'idle'>, Act>> = {
  'insert-opening': sending.insertOpening,
  open: sending.open,
  'store-open': sending.storeOpen,
  abandon: sending.abandon,
  claim: sending.claim,
  begin: sending.begin,
  send: sending.send,
  settle: sending.settle,
  ask: asking.ask,
  'ask-whole': asking.askWhole,
  judge: asking.judge,
  'ask-original': asking.askOriginal,
  'record-original': asking.recordOriginal,
  'start-closing': asking.startClosing,
  close: asking.close,
  'store-closed': asking.storeClosed,
  'ask-settled': asking.askSettled,
  'store-settled': asking.storeSettled,
  'fetch-upo': asking.fetchUpo,
  'store-upo': asking.storeUpo,
}
const STEP_CODES = new Map(Object.keys(ACTS).map((step, code) => [step, code]))
const FAULT_CODES = new Map(FAULTS.map((fault, code) => [fault, code]))

/** Brings the worker whose turn it is to a step, moving the clock where nothing is due; null when all has ended. */
export function nextStep(world: World): Worker | null {
  for (;;) {
    const me = world.workers[world.turn]
    if (me === undefined) throw new Error('nobody has the turn')
    if (me.step !== 'idle') return me
    const woken = world.asleep.findIndex(({ wakesAt }) => wakesAt <= world.now)
    if (woken >= 0) {
      const [sleeper] = world.asleep.splice(woken, 1)
      if (sleeper !== undefined) world.workers[world.turn] = sleeper.worker
      continue
    }
    const busy = world.workers.findIndex(({ step }) => step !== 'idle')
    if (busy >= 0) {
      world.turn = busy
      continue
    }
    expireClaims(world.rows, world.now)
    if (takeJob(world, me)) continue
    const next = nextMoment(world)
    if (next === null) return null
    world.now = next
  }
}

/** Gives an idle worker what is due; true also when the look itself settled it. */
function takeJob(world: World, me: Worker): boolean {
  const { rows, now } = world
  if (sending.isSendDue(world)) {
    sending.startSending(world, me)
    return true
  }
  for (const [at, { state, dueAt, session, fence }] of rows.submissions.entries()) {
    if (dueAt > now) continue
    if (state === 'sent' || state === 'lost') {
      asking.startPolling(world, me, session)
      return true
    }
    if (state !== 'registered') continue
    me.row = at
    me.fence = fence
    me.step = 'fetch-upo'
    return true
  }
  const session = rows.sessions.findIndex((_, at) => finishDueAt(world, at) <= now)
  if (session < 0) return false
  asking.startFinishing(world, me, session)
  return true
}

/** When a session is to be finished; never while a send into it is under way. */
function finishDueAt({ rows }: World, at: number): number {
  const session = rows.sessions[at]
  if (session === undefined) return Number.POSITIVE_INFINITY
  if (session.state === 'closing' || session.state === 'closed') return session.dueAt
  if (session.state === 'opening') return session.dueAt + 0.001
  if (session.state !== 'open') return Number.POSITIVE_INFINITY
  const sends = rows.submissions.some((row) => row.session === at && row.state === 'claimed')
  return sends ? Number.POSITIVE_INFINITY : session.usedAt + TIMING.sessionIdleSeconds
}

function nextMoment(world: World): number | null {
  let next = Number.POSITIVE_INFINITY
  for (const { state, dueAt } of world.rows.submissions) {
    if (state === 'pending') next = Math.min(next, Math.max(dueAt, world.rows.blockedUntil))
    else if (state === 'claimed') next = Math.min(next, dueAt + 0.001)
    else if (state === 'sent' || state === 'lost' || state === 'registered') next = Math.min(next, dueAt)
  }
  for (let at = 0; at < world.rows.sessions.length; at++) next = Math.min(next, finishDueAt(world, at))
  for (const { wakesAt } of world.asleep) next = Math.min(next, wakesAt)
  return Number.isFinite(next) ? Math.max(next, world.now) : null
}

export function perform(world: World, me: Worker, fault: Fault): void {
  const { step } = me
  if (step === 'idle') throw new Error('an idle worker has no step')
  world.steps += 1
  const code = (STEP_CODES.get(step) ?? 0) * FAULTS.length + (FAULT_CODES.get(fault) ?? 0)
  world.trace = Math.imul(world.trace ^ (code * 8 + world.turn), 0x01000193)
  if (fault === 'preempt') {
    preempt(world)
  } else if (fault === 'die-before') {
    world.workers[world.turn] = newWorker()
  } else if (fault === 'sleep' || fault === 'sleep-long') {
    const seconds = fault === 'sleep' ? SLEEP_SECONDS : SLEEP_LONG_SECONDS
    world.asleep.push({ worker: me, wakesAt: world.now + seconds })
    world.workers[world.turn] = newWorker()
  } else {
    const dies = fault === 'die-after' || fault === 'die-after-lagging'
    ACTS[step](world, me, fault === 'die-after' ? 'none' : fault)
    if (dies) world.workers[world.turn] = newWorker()
  }
}

/** The others go first; one that idles takes what is due, as it would without the one in front. */
function preempt(world: World): void {
  world.turn = (world.turn + 1) % world.workers.length
  const other = world.workers[world.turn]
  if (other?.step === 'idle') takeJob(world, other)
}

const canPreempt = ({ workers }: World): boolean => workers.length > 1

/** Visits the end of every schedule with at most `faults` faults, and answers how many there are. */
export function everySchedule(world: World, faults: number, visit: (end: World) => void): number {
  let ends = 0
  for (;;) {
    const me = nextStep(world)
    if (me === null || world.steps >= STEPS_MAX) {
      visit(world)
      return ends + 1
    }
    if (faults > 0) {
      for (const fault of faultsAt(me, canPreempt(world))) {
        const other = copyWorld(world)
        const twin = other.workers[other.turn]
        if (twin !== undefined) perform(other, twin, fault)
        ends += everySchedule(other, faults - 1, visit)
      }
    }
    perform(world, me, 'none')
  }
}

/** One schedule whose faults a stream of numbers chooses. */
export function chosenSchedule(world: World, chosen: { rate: number; next: () => number }): void {
  for (let me = nextStep(world); me !== null && world.steps < STEPS_MAX; me = nextStep(world)) {
    const faults = chosen.next() < chosen.rate ? faultsAt(me, canPreempt(world)) : []
    perform(world, me, faults[Math.floor(chosen.next() * faults.length)] ?? 'none')
  }
}
