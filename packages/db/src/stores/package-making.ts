import type { CompanyId, NewPackage, SubmissionId } from '@ksef-fleet/core'
import { and, asc, eq, sql } from 'drizzle-orm'
import { clock } from '../database-clock.ts'
import { attempts, sessions, submissions } from '../tables.ts'
import type { Tx } from '../transaction.ts'
import { dueOfGroup, orderOf } from './pending-groups.ts'

type Chosen = { id: SubmissionId; size: number }

/** The submissions are locked before the session is written: where there are none, there is none. */
export async function packInto(tx: Tx, companyId: CompanyId, wanted: NewPackage): Promise<number> {
  const chosen = withinBytes(await lockWaiting(tx, companyId, wanted), wanted.bytesMax)
  if (chosen.length === 0) return 0
  const { id, environment, group, compression, sealedKey, credentialId, credentialVersion } = wanted
  await tx.insert(sessions).values({
    id,
    companyId,
    environment,
    kind: 'batch',
    formCode: group.formCode,
    state: 'opening',
    compression,
    offline: group.offline,
    invoiceCount: chosen.length,
    sealedKey,
    credentialId,
    credentialVersion,
    // Nobody drives it yet: its lease is over from the start.
    leaseUntil: clock,
    polls: 0,
    createdAt: clock,
  })
  const ids = sql.param(chosen.map((one) => one.id))
  await tx.execute(sql`
    update submissions s
       set state = 'packed', session_id = ${id}, package_ordinal = place.ordinal, attempts = s.attempts + 1,
           fence = s.fence + 1, polls = 0, next_attempt_at = null, reason = null, updated_at = clock_timestamp()
      from unnest(${ids}::uuid[]) with ordinality as place (id, ordinal)
     where s.company_id = ${companyId} and s.id = place.id`)
  await tx.execute(sql`
    insert into ${attempts} (company_id, submission_id, number, session_id, invoice_hash, fence, started_at)
    select company_id, id, attempts, session_id, invoice_hash, fence, clock_timestamp()
      from submissions where company_id = ${companyId} and session_id = ${id}`)
  return chosen.length
}

const lockWaiting = (
  tx: Tx,
  companyId: CompanyId,
  { environment, group, count }: NewPackage,
): Promise<Chosen[]> =>
  tx
    .select({ id: submissions.id, size: submissions.invoiceSize })
    .from(submissions)
    .where(and(eq(submissions.companyId, companyId), dueOfGroup(environment, group)))
    .orderBy(...orderOf(group), asc(submissions.id))
    .limit(count)
    .for('update', { skipLocked: true })

function withinBytes(chosen: readonly Chosen[], bytesMax: number): readonly Chosen[] {
  let bytes = 0
  const end = chosen.findIndex(({ size }, place) => {
    bytes += size
    return place > 0 && bytes > bytesMax
  })
  return end === -1 ? chosen : chosen.slice(0, end)
}
