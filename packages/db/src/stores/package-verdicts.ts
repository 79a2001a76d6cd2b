import type { CompanyId, PackageStore } from '@ksef-fleet/core'
import { sql } from 'drizzle-orm'
import { timer } from '../database-clock.ts'
import type { Tx } from '../transaction.ts'
import { endAttempts } from './attempts.ts'
import { moveAndTell } from './submission-events.ts'
import { TOLD_COLUMNS } from './told-columns.ts'

/** KSeF's word on a package's submissions, many in a statement. */
export const packageVerdicts = (tx: Tx, companyId: CompanyId): Pick<PackageStore, 'register' | 'sent'> => ({
  async register(id, registered, nextPollAt) {
    const column = <T>(read: (one: (typeof registered)[number]) => T) => sql.param(registered.map(read))
    const update = sql`
      update submissions s
         set state = 'registered', ksef_number = r.ksef_number, reference_number = r.reference_number,
             invoicing_mode = r.mode, upo_download_url = r.url, registered_at = clock_timestamp(), next_poll_at = ${timer(nextPollAt)},
             polls = 0, reason = null, updated_at = clock_timestamp()
        from unnest(${column((one) => one.id)}::uuid[], ${column((one) => one.ksefNumber)}::text[],
                    ${column((one) => one.referenceNumber)}::text[], ${column((one) => one.invoicingMode)}::text[],
                    ${column((one) => one.upoDownloadUrl)}::text[])
             as r (id, ksef_number, reference_number, mode, url)
       where s.company_id = ${companyId} and s.session_id = ${id} and s.state = 'packed' and s.id = r.id
      returning ${TOLD_COLUMNS}`
    await moveAndTell(tx, companyId, { update })
    await endAttempts(tx, companyId, { sessionId: id, outcome: 'done', ids: registered.map((one) => one.id) })
  },
  async sent(id, sent, { nextPollAt, giveUpAt }) {
    await tx.execute(sql`
      update submissions s
         set state = 'sent', reference_number = r.reference_number, next_poll_at = ${timer(nextPollAt)},
             give_up_at = ${giveUpAt.toISOString()}::timestamptz, polls = 0, updated_at = clock_timestamp()
        from unnest(${sql.param(sent.map((one) => one.id))}::uuid[],
                    ${sql.param(sent.map((one) => one.referenceNumber))}::text[]) as r (id, reference_number)
       where s.company_id = ${companyId} and s.session_id = ${id} and s.state = 'packed' and s.id = r.id`)
    await endAttempts(tx, companyId, { sessionId: id, outcome: 'done', ids: sent.map((one) => one.id) })
  },
})
