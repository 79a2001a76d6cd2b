/** Turns the wheel: what is due or wished for is rung once, and the worker a story names runs it. */

import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CompanyId,
  type IntegrationId,
  type Ring,
  requestVerification,
  type Submission,
  type SubmissionState,
  sweepDue,
} from '@ksef-fleet/core'
import type { DeliveryFleet } from './delivery-fleet.ts'
import type { DeliveryWorker } from './delivery-worker.ts'

const SETTLED: readonly SubmissionState[] = ['receipted', 'rejected', 'held']
const QUIET_MS = 45_000
const TURN_PAUSE_MS = 10
/** About as many as a worker's queues have: all together have the connections of one pool. */
const RUNS_AT_ONCE = 32

export type Story = {
  companies: readonly CompanyId[]
  /** Instead of: every submission has come to its end. */
  until?: () => Promise<boolean>
  /** Leaves the rings of other jobs unanswered. */
  only?: readonly string[]
  withinMs?: number
}

/**
 * One sweep, and the rings of these companies answered: by every worker at once, as if each had been rung, or by the
 * company's own. Without a worker nothing happens but time.
 */
export async function turn(
  fleet: DeliveryFleet,
  workers: readonly DeliveryWorker[] | ReadonlyMap<CompanyId, DeliveryWorker>,
  { companies, only }: Pick<Story, 'companies' | 'only'>,
): Promise<number> {
  const all = [...workers.values()]
  if (all.length === 0) return 0
  await forgetRings(fleet, companies)
  const idleSeconds = Math.min(...all.map(({ context }) => context.timing.sessionIdleSeconds))
  const { rings: due } = await sweepDue(fleet.db, idleSeconds)
  const wished = await fleet.db.asSystem('relay-outbox', (tx) => tx.outbox.take(500))
  const mine = [...new Map([...due, ...wished].map((ring) => [ring.key, ring])).values()]
    .filter((ring) => companies.includes(companyOf(ring)))
    .filter((ring) => only === undefined || only.includes(ring.job))
  const runs = mine.flatMap((ring) => {
    const answering = workers instanceof Map ? [workers.get(companyOf(ring))] : all
    return answering.map((worker) => () => worker?.run(ring.job, ring.payload))
  })
  let begun = 0
  const lane = async () => {
    for (let run = runs[begun++]; run !== undefined; run = runs[begun++]) await run()
  }
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, lane))
  return runs.length
}

const companyOf = (ring: Ring) => ring.payload.companyId as CompanyId

/** Lets the workers turn until every submission of these companies has come to its end, or `until` says enough. */
export async function drive(
  fleet: DeliveryFleet,
  workers: Parameters<typeof turn>[1],
  story: Story,
): Promise<void> {
  const done = story.until ?? (() => allSettled(fleet, story.companies))
  const deadline = Date.now() + (story.withinMs ?? QUIET_MS)
  while (!(await done())) {
    if (Date.now() > deadline)
      throw new Error(`not done in time: ${JSON.stringify(await states(fleet, story.companies))}`)
    if ((await turn(fleet, workers, story)) === 0) await sleep(TURN_PAUSE_MS)
  }
}

/** Asks for a verification, as its user may, and makes it. */
export async function verifyNow(
  worker: DeliveryWorker,
  { id: companyId, integration }: { id: CompanyId; integration: { id: IntegrationId } },
): Promise<void> {
  const request = { companyId, integrationId: integration.id }
  await requestVerification(worker.context, request)
  await worker.run('verify-integration', request)
}

/** Until a submission is in one of these states. */
export const driveTo = (
  fleet: DeliveryFleet,
  worker: DeliveryWorker,
  {
    submission,
    states,
    only,
  }: { submission: Submission; states: readonly SubmissionState[]; only?: readonly string[] },
): Promise<void> =>
  drive(fleet, [worker], {
    companies: [submission.companyId],
    until: async () => states.includes((await fleet.submission(submission)).state),
    ...(only === undefined ? {} : { only }),
  })

async function allSettled(fleet: DeliveryFleet, companies: readonly CompanyId[]): Promise<boolean> {
  const { rows } = await fleet.admin.query<{ waiting: number }>(
    'select count(*)::int as waiting from submissions where company_id = any($1) and not state = any($2)',
    [companies, SETTLED],
  )
  return rows[0]?.waiting === 0
}

/** For the reader of a story that got stuck. */
async function states(fleet: DeliveryFleet, companies: readonly CompanyId[]) {
  const submissions = await fleet.admin.query(
    `select s.id, s.state, s.attempts, s.polls, s.next_attempt_at, s.next_poll_at, s.reason,
            (select json_agg(a.code) from attempts a where a.submission_id = s.id) as codes
       from submissions s where s.company_id = any($1) and not s.state = any($2) limit 5`,
    [companies, SETTLED],
  )
  const sessions = await fleet.admin.query(
    `select id, state, polls, next_poll_at, last_used_at, lease_until from sessions
      where company_id = any($1) and not state in ('settled', 'abandoned') limit 5`,
    [companies],
  )
  return { submissions: submissions.rows, sessions: sessions.rows }
}

/** As if the ten seconds had passed in which the sweeper does not ring twice for one thing. */
async function forgetRings({ admin }: DeliveryFleet, companies: readonly CompanyId[]): Promise<void> {
  const marks = {
    ksef_integrations: ['send_rung_at', 'verify_rung_at'],
    sessions: ['finish_rung_at', 'poll_rung_at'],
    submissions: ['upo_rung_at'],
  }
  for (const [table, columns] of Object.entries(marks)) {
    const forgotten = columns.map((column) => `${column} = null`).join(', ')
    const marked = columns.map((column) => `${column} is not null`).join(' or ')
    // A row that somebody holds keeps its mark for this turn: an administrator must not deadlock with the fleet.
    await admin.query(
      `update ${table} set ${forgotten} where (company_id, id) in
         (select company_id, id from ${table} where company_id = any($1) and (${marked}) for update skip locked)`,
      [companies],
    )
  }
}

/** The leases of a company's claims and openings have run out: whoever held them is dead to the fleet. */
export async function endLeases(fleet: DeliveryFleet, companies: readonly CompanyId[]): Promise<void> {
  const past = `now() - interval '1 second'`
  await fleet.admin.query(
    `update submissions set lease_until = ${past} where company_id = any($1) and state = 'claimed'`,
    [companies],
  )
  await fleet.admin.query(
    `update sessions set lease_until = ${past} where company_id = any($1) and state in ('opening', 'open') and lease_until is not null`,
    [companies],
  )
}
