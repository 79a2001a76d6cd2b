/**
 * A noisy neighbour: 200 companies send one invoice each, with and without another company that has 10,000 waiting, in
 * turns in one run. KSeF counts by its published limits. A figure is the time from the start of an invoice's POST here to
 * its `registeredAt` by the database's clock, which is this machine's unless `DATABASE_URL` names another's.
 */
import {
  type BenchCompany,
  type BenchFleet,
  connectCompanies,
  loadAverage,
  openRecords,
  postInvoices,
  type Records,
  say,
  startBenchFleet,
} from './fleet-of-companies.ts'
import { callAtRate, collectLatencies, type Latencies } from './latency.ts'
import { type Report, rounded } from './report.ts'

const QUIET = 200
const NOISY_INVOICES = 10_000
const ROUNDS = 2
const PER_SECOND = 10
const KSEF_MS = 200
/** Longer than the posting takes. */
const SILENT_SECONDS = 600
const SETTLED_WITHIN_MS = 120_000
const TARGETS = { noisyToQuietP95Max: 1.3, noisyWaitingMin: 9_000 }

type Run = { bench: BenchFleet; records: Records; companies: readonly BenchCompany[] }

/** One invoice of each company, spread over time: the fleet is idle but for the neighbour. */
async function sendOneEach(
  { bench, records, companies }: Run,
  { series, into }: { series: string; into: Latencies },
) {
  const posts = companies.map((company) => postInvoices(bench.api, company, series))
  const postedAt: number[] = []
  let next = 0
  const open = { perSecond: PER_SECOND, seconds: companies.length / PER_SECOND, into: collectLatencies() }
  await callAtRate(open, async () => {
    const at = next++
    postedAt[at] = Date.now()
    await posts[at]?.(1)
  })
  const registered = await records.registeredAt(companies, { series, withinMs: SETTLED_WITHIN_MS })
  for (const [at, company] of companies.entries()) {
    const time = registered.get(company.id)
    if (time === undefined) throw new Error(`the invoice of ${company.id} got no number in time`)
    into.add(time.getTime() - (postedAt[at] ?? Number.NaN))
  }
}

/** Goes silent by losing its integration: what it still has waiting is held. */
async function silence({ api }: BenchFleet, company: BenchCompany): Promise<void> {
  const path = `/v1/companies/${company.id}/integrations`
  const { body } = await api.get<{ integrations: { id: string; state: string }[] }>(path)
  for (const { id, state } of body.integrations) {
    if (state === 'revoked') continue
    const answer = await api.post(`${path}/${id}/revoke`)
    if (answer.status >= 300) throw new Error(`the integration was not revoked: ${answer.status}`)
  }
}

export async function benchFairness(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const bench = await startBenchFleet(resources, {
    simulatorArgs: ['--limits', 'production', '--processing-delay-ms', String(KSEF_MS)],
    // Sessions stay open from round to round, so that rounds differ in nothing but the neighbour.
    workerEnv: { SESSION_IDLE_SECONDS: '3600' },
  })
  const records = await openRecords(resources, bench.database)
  const connected = await connectCompanies(bench.api, QUIET + ROUNDS)
  const [companies, neighbours] = [connected.slice(0, QUIET), connected.slice(QUIET)]
  const run = { bench, records, companies }
  say(`${QUIET} companies are connected; each sends one invoice to get its session`)
  await sendOneEach(run, { series: 'W', into: collectLatencies() })

  const [without, beside] = [collectLatencies(), collectLatencies()]
  const waiting: number[] = []
  for (const [round, noisy] of neighbours.entries()) {
    await sendOneEach(run, { series: `Q${round}`, into: without })
    // As after a silence that KSeF has asked for: all of it is due at once.
    await records.keepSilent(noisy, SILENT_SECONDS)
    await postInvoices(bench.api, noisy, 'N')(NOISY_INVOICES)
    await records.keepSilent(noisy, 0)
    waiting.push(NOISY_INVOICES - (await records.registered(noisy)))
    await sendOneEach(run, { series: `N${round}`, into: beside })
    const left = NOISY_INVOICES - (await records.registered(noisy))
    say(
      `round ${round + 1}: p95 ${without.p95Ms()} ms without, ${beside.p95Ms()} ms beside ${waiting.at(-1)} waiting ` +
        `invoices, ${left} at the end`,
    )
    await silence(bench, noisy)
  }
  const ratio = beside.p95Ms() / without.p95Ms()
  return {
    bench: 'fairness',
    ok: ratio <= TARGETS.noisyToQuietP95Max && Math.min(...waiting) >= TARGETS.noisyWaitingMin,
    figures: {
      companies: QUIET,
      noisyWaitingAtStart: Math.min(...waiting),
      besideP50Ms: beside.p50Ms(),
      besideP95Ms: beside.p95Ms(),
      noisyToQuietP95: rounded(ratio),
      loadAverage: loadAverage(),
    },
    floors: { withoutP50Ms: without.p50Ms(), withoutP95Ms: without.p95Ms(), ksefMs: KSEF_MS },
    targets: TARGETS,
  }
}
