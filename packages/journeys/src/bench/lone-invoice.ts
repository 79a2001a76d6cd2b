/**
 * A lone invoice on an idle fleet of one worker: from the start of its POST to the answer of the API that shows its KSeF
 * number. Both moments are this process's; it asks every few milliseconds, so that is how much too long a figure may be.
 * Warm: access token and session are there. Cold: a worker that has just started signs in and opens a session first.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { ApiClient, InvoiceView } from '../fleet/api-client.ts'
import type { Fleet } from '../fleet/run-fleet.ts'
import {
  type BenchCompany,
  connectCompanies,
  invoiceSeries,
  loadAverage,
  say,
  startBenchFleet,
} from './fleet-of-companies.ts'
import { collectLatencies, type Latencies } from './latency.ts'
import { type Report, rounded } from './report.ts'

/** What KSeF takes for an invoice. */
const DELAYS_MS = [200, 1_000]
const WARM = 40
const WARM_UP = 5
const COLD = 5
const LOOK_MS = 5
const SPACING_MS = 300
const TARGETS = { warmP95PerDelayMax: 1.2, warmP95MsAboveMax: 300 }

const p95MsMax = (delayMs: number): number => TARGETS.warmP95PerDelayMax * delayMs + TARGETS.warmP95MsAboveMax

/** Posts an invoice and waits for its number, then for its UPO, so that the next one finds the fleet idle again. */
async function sendOne(
  api: ApiClient,
  company: BenchCompany,
  { xml, into }: { xml: Buffer; into: Latencies },
): Promise<void> {
  const began = performance.now()
  const posted = await api.postInvoice(company.id, xml)
  if (posted.status !== 202) throw new Error(`not accepted: ${JSON.stringify(posted.body)}`)
  const path = `/v1/companies/${company.id}/invoices/${posted.body.id}`
  for (;;) {
    const { body } = await api.get<InvoiceView>(path)
    if (body.ksefNumber !== null) break
    if (body.state === 'rejected' || body.state === 'held')
      throw new Error(`ended ${body.state}: ${JSON.stringify(body.outcome)}`)
    await sleep(LOOK_MS)
  }
  into.add(performance.now() - began)
  await api.until<InvoiceView>(path, ({ state }) => state === 'receipted')
}

/** Spaced by no multiple of the fleet's own pauses, so that each invoice meets them at another moment. */
const spacing = (count: number): Promise<void> => sleep(SPACING_MS + ((count * 37) % 101))

async function warm(api: ApiClient, company: BenchCompany, delayMs: number): Promise<Latencies> {
  const next = invoiceSeries(company.nip, `W${delayMs / 100}`)
  const [unmeasured, measured] = [collectLatencies(), collectLatencies()]
  for (let count = 0; count < WARM_UP + WARM; count++) {
    await sendOne(api, company, { xml: next(), into: count < WARM_UP ? unmeasured : measured })
    await spacing(count)
  }
  return measured
}

/** Each in a worker of its own, that finds no access token: those of the connecting are dropped. */
async function cold(fleet: Fleet, api: ApiClient, companies: readonly BenchCompany[]): Promise<Latencies> {
  const taken = collectLatencies()
  for (const company of companies) {
    await fleet.workers.at(-1)?.stop()
    await dropTokens(fleet.redisUrl)
    await fleet.startWorker()
    await sleep(SPACING_MS)
    await sendOne(api, company, { xml: invoiceSeries(company.nip, 'C')(), into: taken })
  }
  return taken
}

async function dropTokens(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl)
  const names = await redis.keys('fleet-token-*')
  if (names.length > 0) await redis.del(names)
  redis.disconnect()
}

async function setDelay(simulatorUrl: string, invoiceMs: number): Promise<void> {
  const response = await fetch(`${simulatorUrl}/_simulator/delays`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ invoice: invoiceMs }),
  })
  if (!response.ok) throw new Error(`the delay was not set: ${response.status}`)
}

export async function benchLatency(): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const { fleet, api } = await startBenchFleet(resources)
  const [lone, ...fresh] = await connectCompanies(api, 1 + DELAYS_MS.length * COLD)
  if (lone === undefined) throw new Error('there is no company')
  const figures: Record<string, number> = { warmInvoices: WARM, coldInvoices: COLD }
  const floors: Record<string, number> = {}
  let ok = true
  for (const [at, delayMs] of DELAYS_MS.entries()) {
    await setDelay(fleet.simulatorUrl, delayMs)
    const name = `at${delayMs}Ms`
    const taken = await warm(api, lone, delayMs)
    figures[`${name}WarmP50Ms`] = taken.p50Ms()
    figures[`${name}WarmP95Ms`] = taken.p95Ms()
    figures[`${name}WarmP95MsMax`] = p95MsMax(delayMs)
    floors[`${name}KsefMs`] = delayMs
    ok &&= taken.p95Ms() <= p95MsMax(delayMs)
    const first = await cold(fleet, api, fresh.slice(at * COLD, (at + 1) * COLD))
    figures[`${name}ColdP50Ms`] = first.p50Ms()
    say(
      `KSeF takes ${delayMs} ms: warm median ${taken.p50Ms()} ms, p95 ${taken.p95Ms()} ms ` +
        `(at most ${rounded(p95MsMax(delayMs))} ms); cold median ${first.p50Ms()} ms`,
    )
  }
  figures.loadAverage = loadAverage()
  return { bench: 'latency', ok, figures, floors, targets: TARGETS }
}
