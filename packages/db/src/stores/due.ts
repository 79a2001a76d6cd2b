/**
 * What the sweeper rings for. Each question finds what is due, skips what another sweeper holds, and marks what it
 * answers (`*_rung_at`) in the same statement, so that many sweepers ring once.
 *
 * A mark holds for ten seconds. A timer that came due after the mark counts as set anew and is rung for at once, which
 * is why a comparison with the mark takes the greatest of the timer and the pause.
 */
import type {
  CompanyId,
  CredentialId,
  IntegrationId,
  SessionId,
  SubmissionId,
  SystemTransaction,
} from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { expireClaims } from './claim-expiry.ts'

type OfSession = { companyId: CompanyId; sessionId: SessionId }
type OfSubmission = { companyId: CompanyId; submissionId: SubmissionId }
type OfVersion = { companyId: CompanyId | null; credentialId: CredentialId; version: number }
type OfIntegration = { companyId: CompanyId; integrationId: IntegrationId }

export const dueWork = (tx: Tx): SystemTransaction['due'] => ({
  expireClaims: (limit) => expireClaims(tx, limit),
  sends: async (limit) => (await tx.execute<{ companyId: CompanyId }>(sends(limit))).rows,
  polls: async (limit) => (await tx.execute<OfSession>(polls(limit))).rows,
  upos: async (limit) => (await tx.execute<OfSubmission>(upos(limit))).rows,
  sessions: async (limit, idleSeconds) => (await tx.execute<OfSession>(unfinished(limit, idleSeconds))).rows,
  verifications: async (limit) => (await tx.execute<OfIntegration>(verifications(limit))).rows,
  rotations: async (limit) => (await tx.execute<OfVersion>(rotations(limit))).rows,
  notices: async (limit) => (await tx.execute<OfVersion>(notices(limit))).rows,
})

/** True when `mark` leaves room for a ring because of `timer`, the moment that makes the row due. */
const unrung = (mark: string, timer: string): SQL =>
  sql.raw(`(${mark} is null or ${mark} < greatest(${timer}, statement_timestamp() - interval '10 seconds'))`)

const sends = (limit: number): SQL => sql`
  with waiting as materialized (
    select company_id, environment, min(next_attempt_at) as oldest, max(next_attempt_at) as newest
      from submissions
     where state = 'pending' and next_attempt_at <= statement_timestamp()
     group by company_id, environment
  ), due as materialized (
    select i.company_id, i.id
      from ksef_integrations i join waiting w using (company_id, environment)
     where i.state = 'active'
       and (i.blocked_until is null or i.blocked_until <= statement_timestamp())
       and ${unrung('i.send_rung_at', 'w.newest, i.blocked_until')}
     order by w.oldest
     limit ${limit}
       for update of i skip locked
  ), rung as (
    update ksef_integrations i set send_rung_at = clock_timestamp()
      from due where i.company_id = due.company_id and i.id = due.id
    returning i.company_id
  )
  select distinct company_id as "companyId" from rung`

const polls = (limit: number): SQL => sql`
  with waiting as materialized (
    select company_id, session_id, min(next_poll_at) as oldest, max(next_poll_at) as newest
      from submissions
     where state in ('sent', 'lost') and next_poll_at <= statement_timestamp()
     group by company_id, session_id
  ), due as materialized (
    select s.company_id, s.id
      from sessions s join waiting w on w.company_id = s.company_id and w.session_id = s.id
     where ${unrung('s.poll_rung_at', 'w.newest')}
     order by w.oldest
     limit ${limit}
       for update of s skip locked
  )
  update sessions s set poll_rung_at = clock_timestamp()
    from due where s.company_id = due.company_id and s.id = due.id
  returning s.company_id as "companyId", s.id as "sessionId"`

const upos = (limit: number): SQL => sql`
  with due as materialized (
    select company_id, id
      from submissions
     where state = 'registered' and next_poll_at <= statement_timestamp()
       and ${unrung('upo_rung_at', 'next_poll_at')}
     order by next_poll_at
     limit ${limit}
       for update skip locked
  )
  update submissions s set upo_rung_at = clock_timestamp()
    from due where s.company_id = due.company_id and s.id = due.id
  returning s.company_id as "companyId", s.id as "submissionId"`

/** A session takes no more invoices in its last five minutes, so that the last one is settled within its life. */
const unfinished = (limit: number, idleSeconds: number): SQL => sql`
  with due as materialized (
    select company_id, id
      from sessions
     where state in ('opening', 'open', 'closing', 'closed')
       and case state
             when 'opening' then lease_until <= statement_timestamp()
             when 'open' then valid_until <= statement_timestamp() + interval '5 minutes'
               or coalesce(last_used_at, opened_at, created_at)
                  <= statement_timestamp() - make_interval(secs => ${idleSeconds}::double precision)
             else coalesce(next_poll_at, created_at) <= statement_timestamp()
           end
       and ${unrung('finish_rung_at', "case when state in ('closing', 'closed') then next_poll_at end")}
     order by created_at
     limit ${limit}
       for update skip locked
  )
  update sessions s set finish_rung_at = clock_timestamp()
    from due where s.company_id = due.company_id and s.id = due.id
  returning s.company_id as "companyId", s.id as "sessionId"`

const verifications = (limit: number): SQL => sql`
  with due as materialized (
    select company_id, id
      from ksef_integrations
     where state <> 'revoked' and verify_due_at <= statement_timestamp()
       and ${unrung('verify_rung_at', 'verify_due_at')}
     order by verify_due_at
     limit ${limit}
       for update skip locked
  )
  update ksef_integrations i set verify_rung_at = clock_timestamp()
    from due where i.company_id = due.company_id and i.id = due.id
  returning i.company_id as "companyId", i.id as "integrationId"`

const rotations = (limit: number): SQL =>
  versions({ timer: 'next_step_at', mark: 'step_rung_at', states: "state <> 'erased'", limit })

/** Of a version that is on its way out, nobody needs to hear that it ends. */
const notices = (limit: number): SQL =>
  versions({ timer: 'next_notice_at', mark: 'notice_rung_at', states: "state = 'active'", limit })

function versions({ timer, mark, states, limit }: VersionTimer): SQL {
  const names = { timer: sql.raw(timer), mark: sql.raw(mark) }
  return sql`
  with due as materialized (
    select credential_id, number
      from ksef_credential_versions
     where ${sql.raw(states)} and ${names.timer} <= statement_timestamp()
       and ${unrung(mark, timer)}
     order by ${names.timer}
     limit ${limit}
       for update skip locked
  )
  update ksef_credential_versions v set ${names.mark} = clock_timestamp()
    from due where v.credential_id = due.credential_id and v.number = due.number
  returning v.company_id as "companyId", v.credential_id as "credentialId", v.number as version`
}

type VersionTimer = { timer: string; mark: string; states: string; limit: number }
