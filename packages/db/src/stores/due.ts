/**
 * What the sweeper rings for. Each question finds what is due, skips what another sweeper holds, and marks what it
 * answers (`*_rung_at`) in the same statement, so that many sweepers ring once.
 *
 * A mark holds for some seconds (ten, unless set otherwise), or until a worker is found gone, with which the ring may have ended;
 * so may one of a sweeper that had not heard of it yet, for which there is half a second. A timer that came due after the mark
 * counts as set anew and is rung for at once, which is why a comparison with the mark takes the greatest of the timer, the pause
 * and the last death.
 */
import type {
  CompanyId,
  CredentialId,
  IntegrationId,
  SessionId,
  SubjectType,
  SubmissionId,
  SystemTransaction,
} from '@ksef-fleet/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../transaction.ts'
import { expireClaims } from './claim-expiry.ts'
import { freeTheDead } from './freed-claims.ts'

type OfSession = { companyId: CompanyId; sessionId: SessionId }
type OfSubmission = { companyId: CompanyId; submissionId: SubmissionId }
type OfVersion = { companyId: CompanyId | null; credentialId: CredentialId; version: number }
type OfSync = OfIntegration & { subjectType: SubjectType }
type OfWebhook = Awaited<ReturnType<SystemTransaction['due']['webhooks']>>[number]
type OfIntegration = { companyId: CompanyId; integrationId: IntegrationId }

/** @param ringSeconds for how long what was rung for is not rung for again */
export function dueWork(tx: Tx, ringSeconds: number): SystemTransaction['due'] {
  const unrung = unrungFor(ringSeconds)
  return {
    freeTheDead: () => freeTheDead(tx),
    expireClaims: (limit) => expireClaims(tx, limit),
    sends: async (limit) => (await tx.execute<{ companyId: CompanyId }>(sends(limit, unrung))).rows,
    polls: async (limit) => (await tx.execute<OfSession>(polls(limit, unrung))).rows,
    outlook: () => readOutlook(tx),
    upos: async (limit) => (await tx.execute<OfSubmission>(upos(limit, unrung))).rows,
    sessions: async (limit, idleSeconds) =>
      (await tx.execute<OfSession>(unfinished({ limit, idleSeconds }, unrung))).rows,
    orphans: async (limit) => (await tx.execute<OfSession>(orphans(limit, unrung))).rows,
    packages: async (limit) => (await tx.execute<OfSession>(packages(limit, unrung))).rows,
    webhooks: async (limit) => (await tx.execute<OfWebhook>(webhooks(limit, unrung))).rows,
    verifications: async (limit) => (await tx.execute<OfIntegration>(verifications(limit, unrung))).rows,
    rotations: async (limit) => (await tx.execute<OfVersion>(rotations(limit, unrung))).rows,
    syncs: async (limit) => {
      // Through the index in its order: so what is dead there, which is all that was due before, is passed over only once.
      await tx.execute(sql`set local enable_bitmapscan = off`)
      return (await tx.execute<OfSync>(syncs(limit, unrung))).rows
    },
    lateSyncs: async (limit) => (await tx.execute<OfSync>(lateSyncs(limit, unrung))).rows,
    deadlines: async (limit) => (await tx.execute<{ companyId: CompanyId }>(deadlines(limit, unrung))).rows,
    notices: async (limit) => (await tx.execute<OfVersion>(notices(limit, unrung))).rows,
  }
}

/** True when `mark` leaves room for a ring because of `timer`, the moment that makes the row due. */
type Unrung = (mark: string, timer: string) => SQL

const unrungFor =
  (ringSeconds: number): Unrung =>
  (mark, timer) => {
    const over = sql`statement_timestamp() - make_interval(secs => ${ringSeconds}::double precision)`
    const death = sql`(select max(gone_at) + interval '0.5 seconds' from worker_presences)`
    return sql`(${sql.raw(mark)} is null or ${sql.raw(mark)} < greatest(${sql.raw(timer)}, ${over}, ${death}))`
  }

/** While a plan waits, only what came since the last ring is a reason to plan anew: its own ring may be lost with Redis. */
const sends = (limit: number, unrung: Unrung): SQL => sql`
  with waiting as materialized (
    select company_id, environment, min(next_attempt_at) as oldest, max(next_attempt_at) as newest
      from submissions
     where state = 'pending' and next_attempt_at <= statement_timestamp() and waits_for is null
     group by company_id, environment
  ), due as materialized (
    select i.company_id, i.id
      from ksef_integrations i join waiting w using (company_id, environment)
     where i.state = 'active'
       and (i.blocked_until is null or i.blocked_until <= statement_timestamp())
       and (i.dispatch_at is null or i.dispatch_at <= statement_timestamp()
            or i.send_rung_at is null or i.send_rung_at < w.newest)
       and ${unrung('i.send_rung_at', 'w.newest, i.blocked_until, i.dispatch_at')}
     order by w.oldest
     limit ${limit}
       for update of i skip locked
  ), rung as (
    update ksef_integrations i set send_rung_at = clock_timestamp()
      from due where i.company_id = due.company_id and i.id = due.id
    returning i.company_id
  )
  select distinct company_id as "companyId" from rung`

const polls = (limit: number, unrung: Unrung): SQL => sql`
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

async function readOutlook(tx: Tx): ReturnType<SystemTransaction['due']['outlook']> {
  const { rows } = await tx.execute<{ pollInMs: number | null; deathMs: number | null }>(sql`
    select (extract(epoch from min(next_poll_at) - clock_timestamp()) * 1000)::float8 as "pollInMs",
           (select extract(epoch from max(gone_at)) * 1000 from worker_presences)::float8 as "deathMs"
      from submissions
     where state in ('sent', 'lost') and next_poll_at > statement_timestamp()`)
  const { pollInMs = null, deathMs = null } = rows[0] ?? {}
  return { nextPollInMs: pollInMs, lastDeathAt: deathMs === null ? null : new Date(deathMs) }
}

const upos = (limit: number, unrung: Unrung): SQL => sql`
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

/** Marks the sessions that are due, and answers them. */
const rungToBeFinished: SQL = sql`
  update sessions s set finish_rung_at = clock_timestamp()
    from due where s.company_id = due.company_id and s.id = due.id
  returning s.company_id as "companyId", s.id as "sessionId"`

const FINISH_TIMER = `case when state in ('closing', 'closed') then next_poll_at
                           when state = 'open' and idle_at <= statement_timestamp() then idle_at end`

/**
 * A session takes no more invoices in its last five minutes, so that the last one is settled within its life. An idle one into
 * which an invoice is being sent is in use; one that was used after its mark is idle anew.
 */
const unfinished = (
  { limit, idleSeconds }: { limit: number; idleSeconds: number },
  unrung: Unrung,
): SQL => sql`
  with due as materialized (
    select company_id, id
      from sessions u cross join lateral (
        select coalesce(last_used_at, opened_at, created_at)
               + make_interval(secs => ${idleSeconds}::double precision) as idle_at) as use
     where state in ('opening', 'open', 'closing', 'closed')
       and (kind = 'online' or state in ('closing', 'closed'))
       and case state
             when 'opening' then lease_until <= statement_timestamp()
             when 'open' then valid_until <= statement_timestamp() + interval '5 minutes'
               or idle_at <= statement_timestamp() and not exists (
                    select from submissions s
                     where s.company_id = u.company_id and s.session_id = u.id and s.state = 'claimed')
             else coalesce(next_poll_at, created_at) <= statement_timestamp()
           end
       and ${unrung('finish_rung_at', FINISH_TIMER)}
     order by created_at
     limit ${limit}
       for update of u skip locked
  )
  ${rungToBeFinished}`

const orphans = (limit: number, unrung: Unrung): SQL => sql`
  with due as materialized (
    select company_id, id
      from sessions
     where state = 'abandoned' and next_poll_at <= statement_timestamp()
       and ${unrung('finish_rung_at', 'next_poll_at')}
     order by next_poll_at
     limit ${limit}
       for update skip locked
  )
  ${rungToBeFinished}`

/** A package's driver may have died at any line: once its lease is over, another one goes on. */
const packages = (limit: number, unrung: Unrung): SQL => sql`
  with due as materialized (
    select company_id, id
      from sessions
     where kind = 'batch' and state in ('opening', 'open')
       and coalesce(lease_until, created_at) <= statement_timestamp()
       and ${unrung('finish_rung_at', 'lease_until')}
     order by created_at
     limit ${limit}
       for update skip locked
  )
  ${rungToBeFinished}`

/** A delivery behind one that waits, at an ordered webhook, is due as well: it costs a ring, and nothing is claimed. */
const webhooks = (limit: number, unrung: Unrung): SQL => sql`
  with due as materialized (
    select w.id
      from webhook_endpoints w cross join lateral (
        select max(d.next_attempt_at) as newest from webhook_deliveries d
         where d.endpoint_id = w.id and d.state = 'pending' and d.next_attempt_at <= statement_timestamp()
           and (d.lease_until is null or d.lease_until <= statement_timestamp())) as waiting
     where w.state = 'enabled' and (w.blocked_until is null or w.blocked_until <= statement_timestamp())
       and waiting.newest is not null
       and ${unrung('w.rung_at', 'waiting.newest, w.blocked_until')}
     limit ${limit}
       for no key update of w skip locked
  )
  update webhook_endpoints w set rung_at = clock_timestamp()
    from due where w.id = due.id
  returning w.company_id as owner, w.id as "webhookId"`

const verifications = (limit: number, unrung: Unrung): SQL => sql`
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

/** One that somebody runs is left alone until its lease is over. */
const syncs = (limit: number, unrung: Unrung): SQL =>
  ofSyncs({
    mark: 'sync_rung_at',
    timer: 'next_sync_at',
    isDue: sql`next_sync_at <= statement_timestamp() and (lease_until is null or lease_until <= statement_timestamp())
       and ${unrung('sync_rung_at', 'next_sync_at, lease_until')}`,
    limit,
  })

const lateSyncs = (limit: number, unrung: Unrung): SQL =>
  ofSyncs({
    mark: 'late_rung_at',
    timer: 'late_at',
    isDue: sql`late_at <= statement_timestamp() and late_told_at is null and ${unrung('late_rung_at', 'late_at')}`,
    limit,
  })

function ofSyncs({
  mark,
  timer,
  isDue,
  limit,
}: {
  mark: string
  timer: string
  isDue: SQL
  limit: number
}): SQL {
  // By the rows' addresses, which are locked: a join would read the whole table as soon as many are due.
  return sql`
  update ksef_sync_state s set ${sql.raw(mark)} = clock_timestamp()
   where s.ctid = any(array(
     select ctid from ksef_sync_state
      where ${isDue}
      order by ${sql.raw(timer)}
      limit ${limit}
        for update skip locked))
  returning s.company_id as "companyId", s.integration_id as "integrationId", s.subject_type as "subjectType"`
}

/** The mark stands on the company's integrations: whoever issues has one, be it revoked by now. */
const deadlines = (limit: number, unrung: Unrung): SQL => sql`
  with waiting as materialized (
    select company_id, environment, max(alarm_at) as newest
      from submissions
     where alarm_at <= statement_timestamp() and alarm_at is not null and state not in ('registered', 'receipted')
     group by company_id, environment
     union all
    select s.company_id, s.environment, max(a.outages_changed_at)
      from ksef_availability a join submissions s on s.environment = a.environment
     where s.outages_at < a.outages_changed_at
       and s.offline_mode is not null and s.state not in ('registered', 'receipted')
     group by s.company_id, s.environment
  ), due as materialized (
    select i.company_id, i.id
      from ksef_integrations i
     where exists (select from waiting w
                    where w.company_id = i.company_id and w.environment = i.environment
                      and ${unrung('i.deadlines_rung_at', 'w.newest')})
     limit ${limit}
       for update of i skip locked
  ), rung as (
    update ksef_integrations i set deadlines_rung_at = clock_timestamp()
      from due where i.company_id = due.company_id and i.id = due.id
    returning i.company_id
  )
  select distinct company_id as "companyId" from rung`

const rotations = (limit: number, unrung: Unrung): SQL =>
  versions({ timer: 'next_step_at', mark: 'step_rung_at', states: "state <> 'erased'", limit, unrung })

/** Of a version that is on its way out, nobody needs to hear that it ends. */
const notices = (limit: number, unrung: Unrung): SQL =>
  versions({ timer: 'next_notice_at', mark: 'notice_rung_at', states: "state = 'active'", limit, unrung })

function versions({ timer, mark, states, limit, unrung }: VersionTimer): SQL {
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

type VersionTimer = { timer: string; mark: string; states: string; limit: number; unrung: Unrung }
