/** `npm test [-- --fast] [-- path filters]`: types, lint, tests. The last line is `N passed, N failed, N skipped`. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { providePoppler } from '../testing/poppler.ts'
import { startTestServices } from '../testing/test-services.ts'
import { type Check, lintTree, typecheckAll } from './checks.ts'
import { onStop } from './stop-signal.ts'
import { add, readVitestReport, type Tally, type VitestReport } from './vitest-report.ts'
import { root, rootProgram } from './workspace.ts'

const SLOWEST_SHOWN = 10

const args = process.argv.slice(2)
const fast = args.includes('--fast')
const filters = args.filter((argument) => argument !== '--fast' && argument !== '--')

const stopping = new AbortController()
onStop(() => stopping.abort())

const tally = await runAll()
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
process.exitCode = tally.failed === 0 && !stopping.signal.aborted ? 0 : 1

async function runAll(): Promise<Tally> {
  // A filter asks for some tests, so the checks of the whole tree are left out with it.
  const checks = filters.length === 0 ? await runChecks() : { passed: 0, failed: 0, skipped: 0 }
  if (stopping.signal.aborted) return checks
  const log = (line: string) => console.log(line)
  await providePoppler(log)
  await using _services = await startTestServices(log)
  if (stopping.signal.aborted) return checks
  const report = await runVitest()
  console.log('\nSlowest files:')
  for (const { file, seconds } of report.slowest.slice(0, SLOWEST_SHOWN)) {
    console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${file}`)
  }
  return add(checks, report.tally)
}

async function runChecks(): Promise<Tally> {
  const checks: Check[] = [...(await typecheckAll(availableParallelism())), await lintTree()]
  for (const { title, passed, output, seconds } of checks) {
    console.log(`${passed ? 'ok  ' : 'FAIL'} ${title} (${seconds.toFixed(1)} s)`)
    if (!passed) console.log(output)
  }
  const passed = checks.filter((one) => one.passed).length
  return { passed, failed: checks.length - passed, skipped: 0 }
}

async function runVitest(): Promise<VitestReport> {
  const folder = join(root, '.fleet')
  mkdirSync(folder, { recursive: true })
  const reportFile = join(folder, `test-report-${process.pid}.json`)
  const vitest = spawn(
    rootProgram('vitest'),
    [
      ...['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
      ...(fast ? ['--project=parts'] : []),
      ...filters,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  stopping.signal.addEventListener('abort', () => vitest.kill('SIGTERM'))
  const exitCode = await new Promise<number>((resolve, reject) => {
    vitest.once('error', reject)
    vitest.once('exit', (code) => resolve(code ?? 1))
  })
  try {
    return readVitestReport(JSON.parse(readFileSync(reportFile, 'utf8')), { root, exitCode })
  } catch (error) {
    console.log(`vitest left no report: ${error instanceof Error ? error.message : String(error)}`)
    return readVitestReport(undefined, { root, exitCode })
  } finally {
    rmSync(reportFile, { force: true })
  }
}
