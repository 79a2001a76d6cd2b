import type { CompanyId, CompanyTransaction, SessionId, SubmissionId } from '@ksef-fleet/core'
import { and, asc, eq, getTableColumns, gt, isNull, sql } from 'drizzle-orm'
import { clock, clockIn } from '../database-clock.ts'
import { attempts, sessions, submissions } from '../tables.ts'
import type { Tx } from '../transaction.ts'

const { companyId: ofCompany, submissionId: ofSubmission, ...columns } = getTableColumns(attempts)

export const attemptStore = (tx: Tx, companyId: CompanyId): CompanyTransaction['attempts'] => ({
  begin: (attempt) => beginAttempt(tx, companyId, attempt),
  async end(submissionId, number, { outcome, code }) {
    await tx
      .update(attempts)
      .set({ outcome, code: code ?? null, endedAt: clock })
      .where(
        and(
          eq(attempts.companyId, companyId),
          eq(attempts.submissionId, submissionId),
          eq(attempts.number, number),
          // What an attempt came to is said once.
          isNull(attempts.endedAt),
        ),
      )
  },
  list: (submissionId) =>
    tx
      .select(columns)
      .from(attempts)
      .where(and(eq(attempts.companyId, companyId), eq(attempts.submissionId, submissionId)))
      .orderBy(asc(attempts.number)),
  async countSince(environment, seconds) {
    const [counted] = await tx
      .select({ count: sql<number>`count(*)::int` })
      .from(attempts)
      .innerJoin(
        sessions,
        and(eq(sessions.companyId, attempts.companyId), eq(sessions.id, attempts.sessionId)),
      )
      .where(
        and(
          eq(attempts.companyId, companyId),
          gt(
            attempts.startedAt,
            sql`statement_timestamp() - make_interval(secs => ${seconds}::double precision)`,
          ),
          eq(sessions.environment, environment),
        ),
      )
    return counted?.count ?? 0
  },
})

/** Ends the attempts that were made with a session, of all its submissions or of some; what an attempt came to is said once. */
export async function endAttempts(
  tx: Tx,
  companyId: CompanyId,
  ended: {
    sessionId: SessionId
    outcome: 'done' | 'not-done' | 'unknown'
    code?: string
    ids?: readonly SubmissionId[]
  },
): Promise<void> {
  const { sessionId, outcome, code, ids } = ended
  await tx
    .update(attempts)
    .set({ outcome, code: code ?? null, endedAt: clock })
    .where(
      and(
        eq(attempts.companyId, companyId),
        eq(attempts.sessionId, sessionId),
        isNull(attempts.endedAt),
        ids === undefined ? undefined : sql`${attempts.submissionId} = any(${sql.param([...ids])}::uuid[])`,
      ),
    )
}

type NewAttempt = Parameters<CompanyTransaction['attempts']['begin']>[0]

async function beginAttempt(tx: Tx, companyId: CompanyId, attempt: NewAttempt): Promise<number | null> {
  const { submissionId, sessionId, fence, invoiceHash, leaseSeconds } = attempt
  // FOR SHARE: sends into one session do not wait for each other, but its closing waits for all of them.
  const [session] = await tx
    .select({ environment: sessions.environment, formCode: sessions.formCode })
    .from(sessions)
    .where(and(eq(sessions.companyId, companyId), eq(sessions.id, sessionId), eq(sessions.state, 'open')))
    .for('share')
  if (session === undefined) return null
  const [claim] = await tx
    .update(submissions)
    .set({
      sessionId,
      attempts: sql`${submissions.attempts} + 1`,
      leaseUntil: clockIn(leaseSeconds),
      updatedAt: clock,
    })
    .where(
      and(
        eq(submissions.companyId, companyId),
        eq(submissions.id, submissionId),
        eq(submissions.state, 'claimed'),
        eq(submissions.fence, fence),
        eq(submissions.environment, session.environment),
        eq(submissions.formCode, session.formCode),
      ),
    )
    .returning({ number: submissions.attempts })
  if (claim === undefined) return null
  await tx.insert(attempts).values({
    companyId,
    submissionId,
    sessionId,
    fence,
    invoiceHash,
    number: claim.number,
    startedAt: clock,
  })
  return claim.number
}
