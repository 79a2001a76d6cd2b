/** Fleet, load, deaths and storm at once; then calm, drain, and the evidence. */
import { setTimeout as sleep } from 'node:timers/promises'
import { apiClient } from '../../fleet/api-client.ts'
import { type Evidence, gather, readDeaths } from '../checks/evidence.ts'
import { fencedWrites, type Resumptions, resumptions } from '../checks/resumption.ts'
import { type SecretSearch, searchSecrets } from '../checks/secrets.ts'
import { judge, type Verdict } from '../checks/verdict.ts'
import { type Control, runControls } from '../controls/controls.ts'
import { control, type StormRecord, storm } from '../storm/storm.ts'
import { connectCompanies, registerElsewhere, type StormCompany } from './companies.ts'
import { emptyLoad, type Load, type Planned, type Posting, planInvoices, postThrough } from './load.ts'
import { type Stack, startStack } from './stack.ts'

export type SoakOptions = {
  directory: string
  seed: string
  /** In which invoices are posted and workers die; on a slow machine in up to two and a half times as long. */
  durationMs: number
  /** The last part of it, in which servers crash too. */
  stormMs: number
  companies: number
  workers: number
  invoices: number
  rounds: number
  isHasty: boolean
  log: (line: string) => void
}

export type Soak = {
  evidence: Evidence
  verdict: Verdict
  secrets: SecretSearch
  storm: StormRecord
  /** Versions of credentials in whose place a later one signs in. */
  replaced: number
  /** In which all invoices were posted, and workers died. */
  postingMs: number
  /** Until everything had ended, from the end of the faults; null when it did not within the time. */
  drainMs: number | null
  resumed: Resumptions
  lineFaults: number
  fencedWrites: number
  controls: readonly Control[]
  /** Ends of workers that nobody ordered. */
  unexpected: readonly string[]
}

const LINE_FAULT_RATE = 0.02
const TAKEN_RATE = 0.01
const REFUSAL_RATE = 0.1
/** Of the companies, those whose backends listen. */
const LISTENERS = 2
/** Deaths begin when so many invoices have gone all the way: every moment of it is known, and the code of workers is compiled. */
const ENDED_FIRST = 60
/** A fleet that is asked for more than the machine can do shows how long its queue is, and nothing of how it goes on. */
const BACKLOG_MAX = 8
const SLOWER_MAX = 2.5
/** What is promised of a resumption. */
const RESUMED_MS_MAX = 5_000
const DRAIN_MS_MAX = 60_000
const LOOK_MS = 250

export async function soak(options: SoakOptions): Promise<Soak> {
  const { seed, log } = options
  await using stack = await startStack({
    ...options,
    lineFaultRate: LINE_FAULT_RATE,
    refusalRate: REFUSAL_RATE,
  })
  log(`stack is up, connecting ${options.companies} companies`)
  const companies = await connectCompanies(stack, options.companies)
  await listen(stack, companies.slice(0, LISTENERS))
  const load = emptyLoad()
  const posting: Posting = {
    companies,
    seed,
    count: options.invoices,
    durationMs: options.durationMs,
    givesUpAfterMs: options.durationMs * SLOWER_MAX,
    takenRate: TAKEN_RATE,
    isBusy: backlogIn(stack),
    load,
  }
  const planned = planInvoices(posting)
  await takeNumbers(stack, planned)
  await misbehave(stack)
  log(`posting begins: ${planned.length} invoices in ${options.durationMs / 1000} s`)
  const begun = Date.now()
  stack.slots.forget()
  const posted = postThrough(stack, planned, posting)
  const progress = reportProgress(stack, log)
  await flowing(stack, options)
  log('workers begin to die')
  stack.slots.unleash()
  await untilStorm(load, begun, options)
  const stormBegan = Date.now()
  const record = await storm(stack, companies, { durationMs: options.stormMs, rounds: options.rounds, log })
  await posted
  const postingMs = Date.now() - begun
  stack.slots.calm()
  stack.line.calm()
  stack.sink.calm()
  await control(stack, '/misbehaviours')
  const ended = Date.now()
  log(`faults are over, ${load.acknowledged.length} invoices were acknowledged; draining`)
  const drainMs = await drained(stack, ended)
  progress.stop()
  log(drainMs === null ? 'not everything ended' : `all ended ${drainMs} ms after the faults`)
  const unexpected = [...stack.slots.unexpected]
  // What is judged stands still.
  await stack.slots[Symbol.asyncDispose]()
  const evidence = await gather({ ...stack, adminUrl: stack.servers.adminUrl }, load)
  // While PostgreSQL or Redis is away, nobody resumes anything: how fast a death is made good shows before that.
  const quiet = evidence.deaths.filter(({ at }) => at < stormBegan - RESUMED_MS_MAX)
  const submissions = new Map(
    evidence.submissions.map((row) => [row.id, { companyId: row.company_id, acceptedAt: row.accepted_at }]),
  )
  const narrow = new Set(companies.filter(({ isNarrow }) => isNarrow).map(({ id }) => id))
  const resumed = resumptions(quiet, { logFiles: stack.logFiles(), submissions, narrow })
  const submissionId = load.acknowledged[0]?.submissionId ?? ''
  log('controls')
  const { adminUrl, database, redis } = stack.servers
  const replaced = await countOf(stack, REPLACED)
  const secrets = await searchSecrets(stack, { companies, ...record, submissionId })
  return {
    evidence,
    controls: await runControls({ adminUrl, appUrl: database.appUrl, redisUrl: redis.url }),
    verdict: judge(evidence),
    secrets,
    storm: record,
    replaced,
    fencedWrites: fencedWrites(stack.logFiles()),
    postingMs,
    drainMs,
    resumed,
    lineFaults: Object.values(stack.line.struck).reduce((sum, count) => sum + count, 0),
    unexpected,
  }
}

/** One hears its events in order, the other as they come. */
async function listen(stack: Stack, companies: readonly StormCompany[]): Promise<void> {
  const api = apiClient(stack.apiUrl, stack.apiKey)
  for (const [nth, company] of companies.entries())
    await stack.sink.listen(api, company, { isOrdered: nth === 0 })
}

async function takeNumbers(stack: Stack, planned: readonly Planned[]): Promise<void> {
  const taken = Map.groupBy(
    planned.filter(({ isTaken }) => isTaken),
    ({ company }) => company.nip,
  )
  for (const [nip, of] of taken)
    await registerElsewhere(stack, { nip, numbers: of.map(({ number }) => number) })
}

/** What KSeF does to invoices over a wire that works: takes back, refuses, answers late. */
async function misbehave(stack: Stack): Promise<void> {
  const strange = [
    { kind: 'invoice-status', code: 550, probability: 0.01 },
    { kind: 'invoice-status', code: 450, probability: 0.01 },
    { kind: 'duplicate-of-wrong-session', probability: 0.2 },
    { kind: 'unknown-fields', probability: 0.05 },
  ]
  for (const one of strange) await control(stack, '/misbehaviours', one)
  await control(stack, '/list-lag', { ms: 200 })
}

const ENDED = `select count(*)::int as n from submissions where state in ('receipted', 'rejected', 'held')`
/** What is told of an ended invoice may be on its way yet. */
const UNTOLD = `select (select count(*) from events where position is null)::int
  + (select count(*) from webhook_deliveries where state = 'pending')::int as n`
const ROTATING = `select count(*)::int as n from ksef_credential_versions where state not in ('active', 'erased')`
const REPLACED = `select count(*)::int as n from ksef_credential_versions v where retired_at is not null
  and exists (select from ksef_credential_versions n
               where n.credential_id = v.credential_id and n.number > v.number and n.state = 'active')`
const MOVING = `select count(*)::int as n from submissions where state not in ('receipted', 'rejected', 'held')`

async function countOf(stack: Stack, statement: string): Promise<number> {
  const [row] = await stack.servers.ask<{ n: number }>(statement)
  return row?.n ?? 0
}

const BACKLOG_AGE_MS = 250

/** Asked by every lane; PostgreSQL is asked now and then, and not at all while it is away. */
function backlogIn(stack: Stack): () => Promise<boolean> {
  let known = 0
  let askedAt = 0
  return async () => {
    if (Date.now() - askedAt >= BACKLOG_AGE_MS) {
      askedAt = Date.now()
      known = await countOf(stack, MOVING).catch(() => known)
    }
    return known > BACKLOG_MAX
  }
}

async function flowing(stack: Stack, { durationMs, invoices }: SoakOptions): Promise<void> {
  const until = Date.now() + durationMs / 3
  const enough = Math.min(ENDED_FIRST, Math.floor(invoices / 4))
  while (Date.now() < until && (await countOf(stack, ENDED)) < enough) await sleep(LOOK_MS)
}

/** When so much is posted that the rest lasts as long as the storm. */
async function untilStorm(
  load: Load,
  begun: number,
  { durationMs, stormMs, invoices }: SoakOptions,
): Promise<void> {
  const quietMs = durationMs - stormMs
  const enough = invoices * (quietMs / durationMs)
  while (load.acknowledged.length < enough && Date.now() - begun < quietMs * SLOWER_MAX) await sleep(LOOK_MS)
}

async function drained(stack: Stack, since: number): Promise<number | null> {
  while (Date.now() - since < DRAIN_MS_MAX) {
    const open = await Promise.all([MOVING, UNTOLD, ROTATING].map((statement) => countOf(stack, statement)))
    if (open.every((count) => count === 0)) return Date.now() - since
    await sleep(LOOK_MS)
  }
  return null
}

const PROGRESS_MS = 10_000

function reportProgress(stack: Stack, log: (line: string) => void): { stop(): void } {
  const timer = setInterval(() => {
    void (async () => {
      const rows = await stack.servers
        .ask<{ state: string; n: number }>(
          'select state, count(*)::int as n from submissions group by state order by state',
        )
        .catch(() => [])
      const states = rows.map(({ state, n }) => `${state} ${n}`).join(', ')
      log(`deaths ${readDeaths(stack.deathsFile).length}, moments ${stack.slots.moments.size}; ${states}`)
    })()
  }, PROGRESS_MS)
  return { stop: () => clearInterval(timer) }
}
