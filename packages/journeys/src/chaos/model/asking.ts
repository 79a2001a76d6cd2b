/** The jobs that ask KSeF, step by step: the effects of `poll-session`, `finish-session` and `store-upo`. */
import type { SessionInvoice } from '@ksef-fleet/ksef'
import type { Fault } from './faults.ts'
import { moveSession, moveSubmission } from './rows.ts'
import { listOf, NIP, NO_ANSWER, sessionStatusOf, statusOf } from './virtual-ksef.ts'
import { type Read, TIMING, type Worker, type World } from './world.ts'

const SELLER = { sellerNip: NIP as Parameters<World['decisions']['afterStatus']>[0]['sellerNip'] }
const waitAt = (schedule: readonly number[], step: number): number =>
  schedule[Math.min(step, schedule.length - 1)] ?? 0
const isAsked = (state: string): boolean => state === 'sent' || state === 'lost'

export function startPolling(world: World, me: Worker, session: number): void {
  const { rows, now } = world
  me.session = session
  me.ksefSession = rows.sessions[session]?.reference ?? -1
  me.settled = rows.sessions[session]?.state === 'settled'
  me.due = rows.submissions.flatMap((row, at): Read[] => {
    const { state, fence, polls, referenceNumber, invoiceHash } = row
    const isDue = row.session === session && isAsked(state) && row.dueAt <= now
    return isDue ? [{ at, state, fence, polls, referenceNumber, invoiceHash }] : []
  })
  me.whole = false
  me.step = 'ask'
}

/** A look that failed is a look: the same step again, later. */
function postpone(world: World, me: Worker): void {
  const { rows, now, decisions } = world
  const failure = NO_ANSWER.ok ? null : NO_ANSWER.failure
  for (const read of me.due) {
    const seconds =
      failure === null ? 0 : decisions.afterFailure(failure, read.polls, TIMING.retrySeconds).seconds
    touch(rows.submissions[read.at], read, now + seconds)
  }
  me.step = 'idle'
}

function touch(row: World['rows']['submissions'][number] | undefined, read: Read, dueAt: number): void {
  if (row === undefined || row.state !== read.state) return
  row.dueAt = dueAt
  row.polls = read.polls + 1
}

export function ask(world: World, me: Worker, fault: Fault): void {
  const { ksef, now } = world
  if (fault === 'no-answer') {
    postpone(world, me)
    return
  }
  const anyLost = me.due.some(({ state }) => state === 'lost')
  me.seen = anyLost
    ? listOf(ksef, me.ksefSession, now)
    : me.due.flatMap(({ referenceNumber }) => {
        if (referenceNumber === null) return []
        return statusOf(ksef, me.ksefSession, { reference: referenceNumber, now }) ?? []
      })
  me.step = anyLost && me.settled ? 'ask-whole' : 'judge'
}

export function askWhole(world: World, me: Worker, fault: Fault): void {
  if (fault === 'no-answer') {
    postpone(world, me)
    return
  }
  me.whole = world.decisions.isWhole(sessionStatusOf(world.ksef, me.ksefSession, world.now), me.seen.length)
  me.step = 'judge'
}

/** One submission of those that were due; the next one is the next step. */
export function judge(world: World, me: Worker): void {
  const [read, ...rest] = me.due
  me.step = rest.length === 0 ? 'idle' : 'judge'
  if (read === undefined) return
  if (read.state === 'lost') searched(world, me, read)
  else if (judged(world, me, read) === 'examine') return
  me.due = rest
}

function searched({ rows, now, decisions }: World, me: Worker, read: Read): void {
  const known = new Set(
    rows.submissions.flatMap((row, at) =>
      row.session === me.session && at !== read.at ? row.referenceNumber : [],
    ),
  )
  known.add(read.referenceNumber)
  const settled = me.settled && me.whole
  const after = decisions.afterSearch(read, { list: me.seen, known, settled }, TIMING)
  const move = { from: 'lost', fence: read.fence, fenced: decisions.fenced } as const
  if (after.to === 'sent') {
    const set = { referenceNumber: after.referenceNumber, dueAt: now }
    moveSubmission(rows, read.at, { ...move, to: 'sent', set })
  } else if (after.to === 'pending') {
    moveSubmission(rows, read.at, { ...move, to: 'pending', set: { session: -1, dueAt: now } })
  } else {
    if (after.closeSession)
      moveSession(rows, me.session, { from: 'open', to: 'closing', set: { dueAt: now } })
    touch(rows.submissions[read.at], read, now + after.seconds)
  }
}

function judged(world: World, me: Worker, read: Read): 'examine' | null {
  const { rows, now, decisions } = world
  const entry = me.seen.find(({ referenceNumber }) => referenceNumber === read.referenceNumber)
  const after = entry === undefined ? null : decisions.afterStatus({ ...SELLER, polls: read.polls }, entry)
  const move = { from: 'sent', fence: read.fence, fenced: decisions.fenced } as const
  if (after === null || after.to === 'wait') {
    touch(rows.submissions[read.at], read, now + waitAt(TIMING.pollSeconds, read.polls + 1))
  } else if (after.to === 'registered') {
    moveSubmission(rows, read.at, {
      ...move,
      to: 'registered',
      set: { ksefNumber: after.ksefNumber, dueAt: now },
    })
  } else if (after.to === 'resolve-duplicate') {
    me.original = { ksefNumber: after.originalKsefNumber, session: after.originalSession }
    me.step = 'ask-original'
    return 'examine'
  } else {
    const dueAt = now + waitAt(TIMING.retrySeconds, rows.submissions[read.at]?.attempts ?? 0)
    moveSubmission(rows, read.at, { ...move, to: after.to, set: { dueAt } })
    if (after.to !== 'rejected')
      moveSession(rows, me.session, { from: 'open', to: 'closing', set: { dueAt: now } })
  }
  return null
}

/** As `resolveDuplicate`: the original's own session, then those this submission was sent into. */
export function askOriginal(world: World, me: Worker, fault: Fault): void {
  const { rows, ksef, now, decisions } = world
  const [read] = me.due
  me.step = 'record-original'
  me.verdict = 'unknown-yet'
  if (fault === 'no-answer' || read === undefined) return
  const own = rows.attempts
    .filter(({ row }) => row === read.at)
    .map(({ session }) => rows.sessions[session]?.reference)
  const looked = [me.original.session === null ? undefined : Number(me.original.session), ...own]
  me.verdict = 'unverifiable'
  for (const session of looked) {
    const list: readonly SessionInvoice[] = session === undefined ? [] : listOf(ksef, session, now)
    const found = decisions.originalIn(list, {
      invoiceHash: read.invoiceHash,
      ksefNumber: me.original.ksefNumber,
    })
    if (found === null) continue
    me.verdict = found.is
    me.ksefNumber = found.ksefNumber
    return
  }
}

export function recordOriginal({ rows, now, decisions }: World, me: Worker): void {
  const [read, ...rest] = me.due
  me.due = rest
  me.step = rest.length === 0 ? 'idle' : 'judge'
  if (read === undefined) return
  const move = { from: 'sent', fence: read.fence, fenced: decisions.fenced } as const
  if (me.verdict === 'ours') {
    moveSubmission(rows, read.at, {
      ...move,
      to: 'registered',
      set: { ksefNumber: me.ksefNumber, dueAt: now },
    })
  } else if (me.verdict === 'another') moveSubmission(rows, read.at, { ...move, to: 'rejected' })
  else if (me.verdict === 'unverifiable') moveSubmission(rows, read.at, { ...move, to: 'held' })
  else touch(rows.submissions[read.at], read, now + waitAt(TIMING.pollSeconds, read.polls + 1))
}

export function startFinishing({ rows, now }: World, me: Worker, session: number): void {
  const row = rows.sessions[session]
  me.session = session
  me.ksefSession = row?.reference ?? -1
  if (row?.state === 'opening' && row.dueAt < now)
    moveSession(rows, session, { from: 'opening', to: 'abandoned' })
  else if (row?.state === 'open') me.step = 'start-closing'
  else if (row?.state === 'closing') me.step = 'close'
  else if (row?.state === 'closed') me.step = 'ask-settled'
}

export function startClosing({ rows, now }: World, me: Worker): void {
  const set = { dueAt: now, polls: 0 }
  me.step = moveSession(rows, me.session, { from: 'open', to: 'closing', set }) ? 'close' : 'idle'
}

export function close(world: World, me: Worker, fault: Fault): void {
  const { ksef } = world
  const session = ksef.sessions[me.ksefSession]
  if (session !== undefined && fault !== 'reset' && fault !== 'unreachable') session.open = false
  if (fault === 'none') me.step = 'store-closed'
  else later(world, me)
}

function later({ rows, now }: World, me: Worker): void {
  const row = rows.sessions[me.session]
  me.step = 'idle'
  if (row === undefined) return
  row.dueAt = now + waitAt(TIMING.retrySeconds, row.polls)
  row.polls += 1
}

export function storeClosed({ rows, now }: World, me: Worker): void {
  const set = { dueAt: now + waitAt(TIMING.pollSeconds, 0), polls: 0 }
  moveSession(rows, me.session, { from: 'closing', to: 'closed', set })
  me.step = 'idle'
}

export function askSettled(world: World, me: Worker, fault: Fault): void {
  const { code } = sessionStatusOf(world.ksef, me.ksefSession, world.now).status
  if (fault === 'no-answer' || code === 150) later(world, me)
  else me.step = 'store-settled'
}

export function storeSettled({ rows, now }: World, me: Worker): void {
  me.step = 'idle'
  if (!moveSession(rows, me.session, { from: 'closed', to: 'settled' })) return
  for (const row of rows.submissions) if (row.session === me.session && row.state === 'lost') row.dueAt = now
}

export function fetchUpo(world: World, me: Worker, fault: Fault): void {
  const row = world.rows.submissions[me.row]
  me.step = fault === 'no-answer' ? 'idle' : 'store-upo'
  if (fault !== 'no-answer' || row === undefined) return
  row.dueAt = world.now + waitAt(TIMING.pollSeconds, row.polls)
  row.polls += 1
}

export function storeUpo({ rows, decisions }: World, me: Worker): void {
  const move = { from: 'registered', to: 'receipted', fence: me.fence, fenced: decisions.fenced } as const
  moveSubmission(rows, me.row, move)
  me.step = 'idle'
}
