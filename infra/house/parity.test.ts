import { describe, expect, test } from 'vitest'
import { errorsAreDocumented, glossaryIsUsed, jobsAreListed } from './parity.ts'
import { plant } from './tree.ts'

const says = (found: { place: string; says: string }[]) => found.map((one) => `${one.place} ${one.says}`)

describe('jobs', () => {
  const job = "import { defineJob } from './define-job.ts'\nexport const sendPending = defineJob({})"
  const index = (elements: string) => `export const jobs = [${elements}]`

  test('a job file outside the array is found', () => {
    const tree = plant({
      'packages/core/src/jobs/send-pending.ts': job,
      'packages/core/src/jobs/index.ts': index(''),
    })
    expect(says(jobsAreListed(tree))).toEqual([
      'packages/core/src/jobs/send-pending.ts the job sendPending is in no array',
    ])
  })

  test('a job file in the array is silent', () => {
    const tree = plant({
      'packages/core/src/jobs/send-pending.ts': job,
      'packages/core/src/jobs/index.ts': index('sendPending'),
    })
    expect(jobsAreListed(tree)).toEqual([])
  })

  test('an index without any job is a finding, so that a blind check cannot pass', () => {
    expect(jobsAreListed(plant({ 'packages/core/src/jobs/index.ts': index('') }))).toHaveLength(1)
  })
})

describe('error codes', () => {
  const table = "export const ERRORS = {\n  NOT_FOUND: {},\n  'KSEF_DOWN': {},\n} as const satisfies Table"
  const tree = (page: string) => plant({ 'packages/core/src/errors.ts': table, 'docs/ERRORS.md': page })

  test('a code without a row is found, and so is a row without a code', () => {
    expect(
      says(errorsAreDocumented(tree('# Errors\n| `NOT_FOUND` | 404 |\n| `OLD_CODE` | 400 |\n'))),
    ).toEqual([
      'packages/core/src/errors.ts:3 KSEF_DOWN is not in docs/ERRORS.md',
      'docs/ERRORS.md:3 OLD_CODE does not exist',
    ])
  })

  test("the client's fault codes belong to it, as a table, a list or a union of names", () => {
    const page = '| `NOT_FOUND` | |\n| `KSEF_DOWN` | |\n'
    for (const declared of [
      "export const INVOICE_FAULTS = ['INVOICE_BOM'] as const",
      "export type InvoiceFaultCode = 'INVOICE_BOM' | 'NOT_FOUND'",
      "export const INVOICE_FAULT_CODES = { INVOICE_BOM: 'a byte order mark' }",
    ]) {
      const both = plant({
        'packages/core/src/errors.ts': table,
        'docs/ERRORS.md': page,
        'packages/ksef/src/faults.ts': declared,
      })
      expect(says(errorsAreDocumented(both))).toEqual([
        'packages/ksef/src/faults.ts:1 INVOICE_BOM is not in docs/ERRORS.md',
      ])
    }
  })

  test('codes of outcomes belong to it, as keys or as the code of a row', () => {
    const outcomes = "export const STATE_OUTCOMES = { pending: { code: 'QUEUED', pl: 'Czeka.' } } as const"
    const both = plant({
      'packages/core/src/errors.ts': table,
      'docs/ERRORS.md': '| `NOT_FOUND` | |\n| `KSEF_DOWN` | |\n',
      'packages/core/src/outcomes.ts': outcomes,
    })
    expect(says(errorsAreDocumented(both))).toEqual([
      'packages/core/src/outcomes.ts:1 QUEUED is not in docs/ERRORS.md',
    ])
  })

  test('rows and headings both describe', () => {
    expect(errorsAreDocumented(tree('| `NOT_FOUND` | 404 |\n\n### KSEF_DOWN\n'))).toEqual([])
  })

  test('a page or a table that is missing is found', () => {
    expect(errorsAreDocumented(plant({ 'packages/core/src/errors.ts': table }))).toHaveLength(1)
    expect(errorsAreDocumented(plant({ 'docs/ERRORS.md': '# Errors' }))).toHaveLength(1)
  })
})

describe('the glossary', () => {
  test('a term that the source does not know is found', () => {
    const tree = plant({
      'docs/GLOSSARY.md': '**UPO** is\n**receipt** is',
      'packages/core/src/a.ts': 'const upo = 1',
    })
    expect(says(glossaryIsUsed(tree))).toEqual(['docs/GLOSSARY.md:2 "receipt" occurs nowhere in the source'])
  })

  test('a glossary without terms is found', () => {
    expect(glossaryIsUsed(plant({ 'docs/GLOSSARY.md': '# Glossary' }))).toHaveLength(1)
  })
})
