import type { CompanyId, PackageStore, SessionId, SubmissionId, SubmissionReason } from '@ksef-fleet/core'
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { clock, timer } from '../database-clock.ts'
import { submissions } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { endAttempts } from './attempts.ts'
import { packageReceipts } from './package-receipts.ts'
import { packageVerdicts } from './package-verdicts.ts'
import { moveAndTell } from './submission-events.ts'
import { toldColumns } from './told-columns.ts'

type Unpacking = { code: string; said?: SubmissionReason; nextAttemptAt: Date; packageMax?: number | null }

type Results = Pick<
  PackageStore,
  'submissions' | 'register' | 'sent' | 'unpack' | 'hold' | 'receipt' | 'fetchOwnReceipts'
> & {
  unpackAll(id: SessionId, unpacking: Unpacking): Promise<void>
}

/** What became of a package's submissions, many in a statement. Each leaves `packed` once, whoever comes again. */
export function packageResults(tx: Tx, companyId: CompanyId): Results {
  const unpack = async (id: SessionId, { ids, ...set }: Unpacking & { ids?: readonly SubmissionId[] }) => {
    const { code, said, nextAttemptAt, packageMax } = set
    const reason = said === undefined ? null : JSON.stringify(said)
    await endAttempts(tx, companyId, {
      sessionId: id,
      outcome: 'not-done',
      code,
      ...(ids === undefined ? {} : { ids }),
    })
    const narrowed = packageMax === undefined ? sql`package_max` : sql`${packageMax}::int`
    await tx.execute(sql`
      update submissions
         set state = 'pending', next_attempt_at = ${timer(nextAttemptAt)}, session_id = null, package_ordinal = null, reason = ${reason}::jsonb,
             package_max = ${narrowed}, next_poll_at = null, give_up_at = null, polls = 0,
             updated_at = clock_timestamp()
       where company_id = ${companyId} and session_id = ${id} and state = 'packed'
         ${ids === undefined ? sql`` : sql`and id = any(${sql.param([...ids])}::uuid[])`}`)
  }
  return {
    unpackAll: unpack,
    unpack,
    submissions: (id, states) =>
      tx
        .select({
          id: submissions.id,
          companyId: submissions.companyId,
          state: submissions.state,
          sellerNip: submissions.sellerNip,
          invoiceHash: submissions.invoiceHash,
          fence: submissions.fence,
          polls: submissions.polls,
          hasAttachment: submissions.hasAttachment,
          packageMax: submissions.packageMax,
          ksefNumber: submissions.ksefNumber,
        })
        .from(submissions)
        .where(
          and(
            eq(submissions.companyId, companyId),
            eq(submissions.sessionId, id),
            inArray(submissions.state, [...states]),
          ),
        )
        .orderBy(asc(submissions.packageOrdinal)),
    async hold(id, ids, reason) {
      await endAttempts(tx, companyId, { sessionId: id, outcome: 'unknown', code: reason.code, ids })
      const update = tx
        .update(submissions)
        .set({ state: 'held', reason, nextPollAt: null, polls: 0, updatedAt: clock })
        .where(
          and(
            eq(submissions.companyId, companyId),
            eq(submissions.sessionId, id),
            eq(submissions.state, 'packed'),
            inArray(submissions.id, [...ids]),
          ),
        )
        .returning(toldColumns)
      await moveAndTell(tx, companyId, { update })
    },
    ...packageVerdicts(tx, companyId),
    ...packageReceipts(tx, companyId),
  }
}
