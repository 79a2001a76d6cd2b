import { expect, test } from 'vitest'
import { add, readVitestReport } from './vitest-report.ts'

const ended = { root: '/tree', exitCode: 0 }

const file = (name: string, statuses: string[], status = 'passed') => ({
  name: `/tree/${name}`,
  status,
  startTime: 1_000,
  endTime: 1_000 + statuses.length * 500,
  assertionResults: statuses.map((one) => ({ status: one })),
})

test('tests are counted by outcome, and whatever did not run counts as skipped', () => {
  const report = {
    success: false,
    testResults: [file('a.test.ts', ['passed', 'failed', 'pending', 'todo'], 'failed')],
  }
  expect(readVitestReport(report, ended).tally).toEqual({ passed: 1, failed: 1, skipped: 2 })
})

test('a file that could not be loaded is one failure', () => {
  const report = {
    success: false,
    testResults: [file('a.test.ts', ['passed']), file('b.test.ts', [], 'failed')],
  }
  expect(readVitestReport(report, ended).tally).toEqual({ passed: 1, failed: 1, skipped: 0 })
})

test('an error outside every test is a failure, whether the report or only the exit code tells of it', () => {
  const report = { success: false, testResults: [file('a.test.ts', ['passed'])] }
  expect(readVitestReport(report, ended).tally.failed).toBe(1)
  const unaware = { ...report, success: true }
  expect(readVitestReport(unaware, ended).tally.failed).toBe(0)
  expect(readVitestReport(unaware, { root: '/tree', exitCode: 1 }).tally.failed).toBe(1)
})

test('a report that is missing altogether is a failure', () => {
  expect(readVitestReport(undefined, ended).tally).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('files are listed slowest first, by their path in the tree', () => {
  const report = {
    success: true,
    testResults: [file('a.test.ts', ['passed']), file('b.test.ts', ['passed', 'passed'])],
  }
  expect(readVitestReport(report, ended).slowest).toEqual([
    { file: 'b.test.ts', seconds: 1 },
    { file: 'a.test.ts', seconds: 0.5 },
  ])
})

test('tallies add up', () => {
  const one = { passed: 1, failed: 2, skipped: 3 }
  expect(add(one, one)).toEqual({ passed: 2, failed: 4, skipped: 6 })
})
