/**
 * What a worker holds in memory over a long run: one company sends `--invoices N` invoices, always with a backlog, and the
 * worker's resident memory halfway is compared with that at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { ApiClient } from '../fleet/api-client.ts'
import type { FleetProcess } from '../fleet/fleet-process.ts'
import {
  type BenchCompany,
  connectCompanies,
  loadAverage,
  metricOf,
  openRecords,
  postInvoices,
  type Records,
  say,
  startBenchFleet,
} from './fleet-of-companies.ts'
import { type Report, rounded } from './report.ts'

const INVOICES = 20_000
/** Accepted and without a number: what the worker always has before it. */
const BACKLOG_MAX = 2_000
const POSTED_AT_ONCE = 200
const LOOK_MS = 1_000
const STALLED_MS = 120_000
const MIB = 1024 * 1024
/**
 * Parts of the run whose samples are compared. V8 lets the old generation grow to two or three times what lives in it before
 * it collects, and the process keeps the room of the fullest such moment, which may come late in the first half.
 */
const WARM = { from: 0.5, to: 0.6 }
const LATE = { from: 0.9, to: 1 }
/** Of 500 MiB over the 40,000 invoices between those parts of 100,000: two thirds of a kilobyte kept of each. */
const TARGETS = { growthMax: 0.05 }

type Sample = { registered: number; mib: number; heapMib: number }

async function memoryOf(worker: FleetProcess): Promise<Pick<Sample, 'mib' | 'heapMib'>> {
  const [resident, heap] = await Promise.all(
    ['process_resident_memory_bytes', 'nodejs_heap_size_used_bytes'].map((name) =>
      metricOf(worker.origin, name),
    ),
  )
  return { mib: (resident ?? Number.NaN) / MIB, heapMib: (heap ?? Number.NaN) / MIB }
}

/**
 * Of the samples in a part of the run, resident memory in the median, and the least the heap held: what was left after a
 * collection, which tells a leak from a heap that V8 lets grow because the machine has room.
 */
function memoryIn(samples: readonly Sample[], invoices: number, part: { from: number; to: number }) {
  const within = samples.filter(
    ({ registered }) => registered >= part.from * invoices && registered <= part.to * invoices,
  )
  const resident = within.map(({ mib }) => mib).sort((one, other) => one - other)
  return {
    mib: resident[Math.floor(resident.length / 2)] ?? Number.NaN,
    heapMib: Math.min(...within.map(({ heapMib }) => heapMib)),
  }
}

type Run = { api: ApiClient; company: BenchCompany; records: Records; worker: FleetProcess; invoices: number }

/** Posts as the backlog allows, until all have their numbers. @throws Error when none got one for long */
async function sample({ api, company, records, worker, invoices }: Run): Promise<Sample[]> {
  const samples: Sample[] = []
  const post = postInvoices(api, company, 'M')
  let posted = 0
  let progressAt = performance.now()
  for (;;) {
    const registered = await records.registered(company)
    if (registered > (samples.at(-1)?.registered ?? -1)) progressAt = performance.now()
    if (performance.now() - progressAt > STALLED_MS)
      throw new Error(`no invoice was registered after ${registered}`)
    samples.push({ registered, ...(await memoryOf(worker)) })
    if (registered >= invoices) return samples
    const count = Math.min(POSTED_AT_ONCE, invoices - posted, BACKLOG_MAX - (posted - registered))
    if (count > 0) await post(count)
    posted += Math.max(0, count)
    if (samples.length % 30 === 1)
      say(`${registered} of ${invoices} registered, ${Math.round(samples.at(-1)?.mib ?? 0)} MiB`)
    if (posted === invoices || posted - registered >= BACKLOG_MAX) await sleep(LOOK_MS)
  }
}

export async function benchMemory(args: readonly string[]): Promise<Report> {
  const { values } = parseArgs({ args: [...args], options: { invoices: { type: 'string' } } })
  const invoices = Number(values.invoices ?? INVOICES)
  if (!Number.isInteger(invoices) || invoices < 1_000)
    throw new Error('--invoices is a whole number from 1000 on')
  await using resources = new AsyncDisposableStack()
  const bench = await startBenchFleet(resources)
  const [worker] = bench.fleet.workers
  if (worker === undefined) throw new Error('there is no worker')
  const records = await openRecords(resources, bench.database)
  const idle = await memoryOf(worker)
  const [company] = await connectCompanies(bench.api, 1)
  if (company === undefined) throw new Error('there is no company')
  const began = performance.now()
  const samples = await sample({ api: bench.api, company, records, worker, invoices })
  const seconds = (performance.now() - began) / 1000
  const [warm, late] = [memoryIn(samples, invoices, WARM), memoryIn(samples, invoices, LATE)]
  const growth = late.mib / warm.mib - 1
  say(
    `${invoices} invoices in ${Math.round(seconds)} s: ${Math.round(warm.mib)} MiB halfway, ${Math.round(late.mib)} MiB at the end`,
  )
  return {
    bench: 'memory',
    ok: growth < TARGETS.growthMax,
    figures: {
      invoices,
      invoicesPerSecond: rounded(invoices / seconds),
      warmMib: rounded(warm.mib),
      lateMib: rounded(late.mib),
      warmHeapMib: rounded(warm.heapMib),
      lateHeapMib: rounded(late.heapMib),
      peakMib: rounded(Math.max(...samples.map(({ mib }) => mib))),
      growth: rounded(growth),
      samples: samples.length,
      loadAverage: loadAverage(),
    },
    floors: { idleMib: rounded(idle.mib), idleHeapMib: rounded(idle.heapMib) },
    targets: TARGETS,
  }
}
