/** `npm run bench -- NAME`: runs one benchmark; what it says goes to stderr, its report is the last line on stdout. */
import type { Report } from './report.ts'

const BENCHES: Readonly<Record<string, () => Promise<Report>>> = {
  lookups: async () => (await import('./lookups.ts')).benchLookups(),
  simulator: async () => (await import('./simulator.ts')).benchSimulator(),
}

const [name = ''] = process.argv.slice(2)
const bench = BENCHES[name]
if (bench === undefined) {
  console.error(`There is no benchmark "${name}". Benchmarks: ${Object.keys(BENCHES).join(', ')}`)
  process.exitCode = 2
} else {
  const report = await bench()
  console.log(JSON.stringify(report))
  process.exitCode = report.ok ? 0 : 1
}
