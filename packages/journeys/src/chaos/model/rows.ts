/** The rows of one company, moved by compare-and-swap as the stores move them. Times are seconds of the model's clock. */
import { assertMove, SESSION_NEXT, type SessionState, type SubmissionState } from '@ksef-fleet/core'

export type Row = {
  state: SubmissionState
  number: string
  invoiceHash: string
  fence: number
  attempts: number
  polls: number
  session: number
  referenceNumber: string | null
  ksefNumber: string | null
  /** Lease while claimed; the next try, look or receipt otherwise. */
  dueAt: number
}
export type SessionRow = {
  state: SessionState
  reference: number
  dueAt: number
  usedAt: number
  polls: number
}
export type AttemptRow = {
  row: number
  fence: number
  session: number
  outcome: 'done' | 'not-done' | 'unknown' | null
}

export type Rows = {
  submissions: Row[]
  sessions: SessionRow[]
  attempts: AttemptRow[]
  /** No send of the company before. */
  blockedUntil: number
  /** Writes that a worker made under a claim that was not its own any more. */
  stale: number
}

export const newRows = (invoices: readonly { number: string; hash: string }[]): Rows => ({
  submissions: invoices.map(({ number, hash }) => ({
    state: 'pending',
    number,
    invoiceHash: hash,
    fence: 0,
    attempts: 0,
    polls: 0,
    session: -1,
    referenceNumber: null,
    ksefNumber: null,
    dueAt: 0,
  })),
  sessions: [],
  attempts: [],
  blockedUntil: 0,
  stale: 0,
})

export const copyRows = (rows: Rows): Rows => ({
  ...rows,
  submissions: rows.submissions.map((row) => ({ ...row })),
  sessions: rows.sessions.map((row) => ({ ...row })),
  attempts: rows.attempts.map((row) => ({ ...row })),
})

type Move = {
  from: SubmissionState
  to: SubmissionState
  fence: number
  fenced: boolean
  set?: Partial<Row>
}

/** As `submissions.move`: refuses what the table of states does not know, and loses to whoever came first. */
export function moveSubmission(rows: Rows, at: number, { from, to, fence, fenced, set }: Move): boolean {
  assertMove(from, to)
  const row = rows.submissions[at]
  if (row === undefined || row.state !== from) return false
  if (row.fence !== fence) {
    if (fenced) return false
    rows.stale += 1
  }
  Object.assign(row, { polls: 0 }, set)
  row.state = to
  return true
}

export function moveSession(
  rows: Rows,
  at: number,
  { from, to, set }: { from: SessionState; to: SessionState; set?: Partial<SessionRow> },
): boolean {
  const allowed: readonly SessionState[] = SESSION_NEXT[from]
  if (!allowed.includes(to)) throw new Error(`session cannot go from ${from} to ${to}`)
  const row = rows.sessions[at]
  if (row === undefined || row.state !== from) return false
  if (set !== undefined) Object.assign(row, set)
  row.state = to
  return true
}

/** As the sweeper's first statement: what may have left is lost, what certainly did not is pending. */
export function expireClaims(rows: Rows, now: number): void {
  for (const [at, row] of rows.submissions.entries()) {
    if (row.state !== 'claimed' || row.dueAt >= now) continue
    const begun = rows.attempts.some(
      (attempt) => attempt.row === at && attempt.fence === row.fence && attempt.outcome !== 'not-done',
    )
    row.state = begun ? 'lost' : 'pending'
    row.polls = 0
    row.dueAt = now
  }
}
