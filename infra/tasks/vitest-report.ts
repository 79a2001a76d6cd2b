import { relative } from 'node:path'

export type Tally = { passed: number; failed: number; skipped: number }
export type FileTime = { file: string; seconds: number }
export type VitestReport = { tally: Tally; slowest: FileTime[] }

/**
 * Reads vitest's JSON report (the shape of Jest's). A file that could not even be loaded counts as one failure, and so
 * does a run that vitest ends with an error although no test failed: an error outside every test is in its exit code
 * only, the report calls such a run a success.
 */
export function readVitestReport(
  json: unknown,
  { root, exitCode }: { root: string; exitCode: number },
): VitestReport {
  const files = list(field(json, 'testResults'))
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const file of files) {
    const tests = list(field(file, 'assertionResults'))
    for (const one of tests) tally[outcomeOf(field(one, 'status'))] += 1
    const failedInside = tests.some((one) => field(one, 'status') === 'failed')
    if (field(file, 'status') === 'failed' && !failedInside) tally.failed += 1
  }
  if ((exitCode !== 0 || field(json, 'success') !== true) && tally.failed === 0) tally.failed += 1
  const times = files.map((file) => ({
    file: relative(root, String(field(file, 'name'))),
    seconds: (Number(field(file, 'endTime')) - Number(field(file, 'startTime'))) / 1000,
  }))
  return { tally, slowest: times.sort((a, b) => b.seconds - a.seconds) }
}

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

function outcomeOf(status: unknown): keyof Tally {
  if (status === 'passed') return 'passed'
  return status === 'failed' ? 'failed' : 'skipped'
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
