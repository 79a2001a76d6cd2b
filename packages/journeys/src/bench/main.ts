/** `npm run bench -- NAME`: runs one benchmark; what it says goes to stderr, its report is the last line on stdout. */
import type { Report } from './report.ts'

const BENCHES: Readonly<Record<string, (args: string[]) => Promise<Report>>> = {
  dispatch: async () => (await import('./dispatch.ts')).benchDispatch(),
  fairness: async () => (await import('./fairness.ts')).benchFairness(),
  inbox: async () => (await import('./inbox.ts')).benchInbox(),
  ingest: async () => (await import('./ingest.ts')).benchIngest(),
  latency: async () => (await import('./lone-invoice.ts')).benchLatency(),
  lookups: async () => (await import('./lookups.ts')).benchLookups(),
  memory: async (args) => (await import('./memory.ts')).benchMemory(args),
  pack: async () => (await import('./pack.ts')).benchPack(),
  schedule: async () => (await import('./schedule.ts')).benchSchedule(),
  pdf: async () => (await import('./pdf.ts')).benchPdf(),
  simulator: async () => (await import('./simulator.ts')).benchSimulator(),
}

const [name = '', ...args] = process.argv.slice(2)
const bench = BENCHES[name]
if (bench === undefined) {
  console.error(`There is no benchmark "${name}". Benchmarks: ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
} else {
  const report = await bench(args)
  console.log(JSON.stringify(report))
  process.exitCode = report.ok ? 0 : 1
}
