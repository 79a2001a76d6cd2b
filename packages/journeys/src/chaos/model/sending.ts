/** The job that sends, step by step: the effects of `send-pending` and `deliverInvoice`, with the product's decisions. */
import type { Fault } from './faults.ts'
import { moveSession, moveSubmission } from './rows.ts'
import {
  CLOSED,
  NO_ANSWER,
  openSession,
  PAUSED,
  type Post,
  receive,
  SERVER_ERROR,
  UNREACHABLE,
} from './virtual-ksef.ts'
import { TIMING, type Worker, type World } from './world.ts'

const RETRY = TIMING.retrySeconds
const POLL_FIRST = TIMING.pollSeconds[0] ?? 0
const SEARCH_FIRST = TIMING.searchSeconds[0] ?? 0

export const isSendDue = (world: World): boolean => world.rows.blockedUntil <= world.now && isAnyDue(world)

const isAnyDue = ({ rows, now }: World): boolean =>
  rows.submissions.some(({ state, dueAt }) => state === 'pending' && dueAt <= now)

/** As `openSendingSession`: the session all workers share, else a new one. */
export function startSending(world: World, me: Worker): void {
  const { rows, now } = world
  const at = rows.sessions.findIndex(({ state }) => state === 'opening' || state === 'open')
  const current = rows.sessions[at]
  if (current?.state === 'open') {
    me.session = at
    me.ksefSession = current.reference
    me.step = 'claim'
    return
  }
  if (current !== undefined && current.dueAt >= now) {
    // Another worker is opening one: rung for again later.
    rows.blockedUntil = current.dueAt + 0.001
    return
  }
  if (current !== undefined) moveSession(rows, at, { from: 'opening', to: 'abandoned' })
  me.step = 'insert-opening'
}

export function insertOpening(world: World, me: Worker): void {
  const { rows, now } = world
  const taken = rows.sessions.some(({ state }) => state === 'opening' || state === 'open')
  const begins = !taken && isAnyDue(world)
  me.step = begins ? 'open' : 'idle'
  if (!begins) return
  const dueAt = now + TIMING.openLeaseSeconds
  me.session = rows.sessions.push({ state: 'opening', reference: -1, dueAt, usedAt: now, polls: 0 }) - 1
}

export function open(world: World, me: Worker, fault: Fault): void {
  const took = fault !== 'reset' && fault !== 'unreachable'
  if (took) me.ksefSession = openSession(world.ksef)
  me.step = fault === 'none' ? 'store-open' : 'abandon'
}

export function storeOpen({ rows, now }: World, me: Worker): void {
  const set = { reference: me.ksefSession, usedAt: now }
  const moved = moveSession(rows, me.session, { from: 'opening', to: 'open', set })
  me.step = moved ? 'claim' : 'idle'
}

export function abandon(world: World, me: Worker): void {
  moveSession(world.rows, me.session, { from: 'opening', to: 'abandoned' })
  block(world, world.decisions.afterFailure(NO_ANSWER.ok ? never() : NO_ANSWER.failure, 0, RETRY).seconds)
  me.step = 'idle'
}

export function claim({ rows, now }: World, me: Worker): void {
  const at = rows.submissions.findIndex(({ state, dueAt }) => state === 'pending' && dueAt <= now)
  const row = rows.submissions[at]
  me.step = row === undefined ? 'idle' : 'begin'
  if (row === undefined) return
  row.state = 'claimed'
  row.fence += 1
  row.polls = 0
  row.dueAt = now + TIMING.claimLeaseSeconds
  me.row = at
  me.fence = row.fence
}

/** As `attempts.begin`: intent before effect, or nothing may be sent. */
export function begin({ rows, now, decisions }: World, me: Worker): void {
  const row = rows.submissions[me.row]
  const isOpen = rows.sessions[me.session]?.state === 'open'
  const isMine = row?.state === 'claimed' && row.fence === me.fence
  if (!isOpen || !isMine || row === undefined) {
    const move = { from: 'claimed', to: 'pending', fence: me.fence, fenced: decisions.fenced } as const
    moveSubmission(rows, me.row, { ...move, set: { dueAt: now } })
    me.step = 'idle'
    return
  }
  row.session = me.session
  row.attempts += 1
  row.dueAt = now + TIMING.claimLeaseSeconds
  me.attempt = rows.attempts.push({ row: me.row, fence: me.fence, session: me.session, outcome: null }) - 1
  me.step = 'send'
}

export function send(world: World, me: Worker, fault: Fault): void {
  const { ksef, rows, now } = world
  me.step = 'settle'
  if (fault === 'unreachable') me.sent = UNREACHABLE
  else if (fault === 'reset') me.sent = NO_ANSWER
  else if (fault === 'paused') me.sent = PAUSED
  else if (ksef.sessions[me.ksefSession]?.open !== true) me.sent = CLOSED
  else {
    const row = rows.submissions[me.row]
    const late = fault === 'no-answer-lagging' || fault === 'die-after-lagging'
    const post: Post = {
      number: row?.number ?? '',
      hash: row?.invoiceHash ?? '',
      now,
      late,
      cancelled: fault === 'cancelled',
    }
    const referenceNumber = receive(ksef, me.ksefSession, post)
    me.sent = answerTo(fault) ?? { ok: true, value: { referenceNumber } }
  }
}

function answerTo(fault: Fault): typeof NO_ANSWER | null {
  if (fault === 'no-answer' || fault === 'no-answer-lagging') return NO_ANSWER
  return fault === 'server-error' ? SERVER_ERROR : null
}

/** As `settle` of `deliverInvoice`. */
export function settle(world: World, me: Worker): void {
  const { rows, now, decisions } = world
  const result = me.sent ?? never()
  const refusals =
    rows.attempts.filter(({ row, outcome }) => row === me.row && outcome === 'not-done').length + 1
  const after = decisions.afterSend(result, refusals)
  const attempt = rows.attempts[me.attempt]
  const outcome = after.to === 'sent' ? 'done' : after.to === 'lost' ? 'unknown' : 'not-done'
  if (attempt !== undefined && attempt.outcome === null) attempt.outcome = outcome
  const leaves = after.to === 'pending' && after.leaveSession
  const seconds = result.ok || leaves ? 0 : decisions.afterFailure(result.failure, 0, RETRY).seconds
  const dueAt =
    after.to === 'sent' ? now + POLL_FIRST : after.to === 'lost' ? now + SEARCH_FIRST : now + seconds
  const referenceNumber = after.to === 'sent' ? { referenceNumber: after.referenceNumber } : {}
  const move = { from: 'claimed', to: after.to, fence: me.fence, fenced: decisions.fenced } as const
  moveSubmission(rows, me.row, { ...move, set: { dueAt, ...referenceNumber } })
  const session = rows.sessions[me.session]
  if (session !== undefined) session.usedAt = now
  if (leaves) moveSession(rows, me.session, { from: 'open', to: 'closing', set: { dueAt: now } })
  if (seconds > 0) block(world, seconds)
  me.step = 'idle'
}

function block({ rows, now }: World, seconds: number): void {
  rows.blockedUntil = Math.max(rows.blockedUntil, now + seconds)
}

function never(): never {
  throw new Error('the model is at a step it cannot be at')
}
