import { expect, test } from 'vitest'
import { inspectInvoice } from '../src/index.ts'
import { HARMLESS, HOSTILE } from './hostile-invoices.ts'

const setting = { now: new Date('2026-11-22T12:00:00Z'), environment: 'test' } as const

const durations = new Map<string, number>()

test('the corpus has the documents it says it has', () => {
  expect(HOSTILE).toHaveLength(84)
  expect(HARMLESS).toHaveLength(6)
})

test.each(HOSTILE)('refused: $tries', ({ tries, bytes, expected }) => {
  const started = performance.now()
  const inspection = inspectInvoice(bytes, setting)
  durations.set(tries, performance.now() - started)
  expect(inspection.ok ? [] : inspection.faults.map((fault) => fault.code)).toContain(expected)
  expect(inspection.ok ? 0 : inspection.faults.length).toBeLessThanOrEqual(45)
})

test.each(HARMLESS)('accepted: $says', ({ bytes }) => {
  const inspection = inspectInvoice(bytes, setting)
  expect(inspection).toMatchObject({
    ok: true,
    facts: { sellerNip: '5265877635', number: 'FV/1', issueDate: '2026-11-20' },
  })
})

test('no document of the corpus holds the process up', () => {
  const slowest = [...durations].sort((a, b) => b[1] - a[1]).slice(0, 5)
  console.info('slowest refusals, ms:', slowest.map(([tries, ms]) => `${tries} ${ms.toFixed(0)}`).join('; '))
  // The aim is 250 ms; the bound tells growth without end from a busy machine.
  for (const [, ms] of slowest) expect(ms).toBeLessThan(30_000)
})
