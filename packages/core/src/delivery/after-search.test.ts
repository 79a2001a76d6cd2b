import type { SessionInvoice, SessionStatus } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { afterSearch, isWhole } from './after-search.ts'

const status = (code: number) => ({ code, description: '', details: [], extensions: {} })
const entry = (referenceNumber: string, invoiceHash: string): SessionInvoice => ({
  referenceNumber,
  invoiceHash,
  status: status(150),
})
const timing = { searchSeconds: [2, 5, 15], pollSeconds: [1, 60] }
const lost = { invoiceHash: 'ours', polls: 0 }
const nobody: ReadonlySet<string | null> = new Set()

describe('a lost invoice', () => {
  test('that its session lists was sent', () => {
    const list = [entry('1', 'another'), entry('2', 'ours')]
    expect(afterSearch(lost, { list, known: nobody, settled: false }, timing)).toEqual({
      to: 'sent',
      referenceNumber: '2',
    })
  })

  test('is not found in an entry that another submission, or an earlier sending, was told about', () => {
    const known = new Set(['2'])
    const list = [entry('2', 'ours')]
    expect(afterSearch(lost, { list, known, settled: true }, timing)).toEqual({ to: 'pending' })
    const twice = [...list, entry('3', 'ours')]
    expect(afterSearch(lost, { list: twice, known, settled: true }, timing)).toMatchObject({
      referenceNumber: '3',
    })
  })

  test('that is absent waits longer each time, and only then its session is closed', () => {
    const looks = [0, 1, 2, 9].map((polls) =>
      afterSearch({ ...lost, polls }, { list: [], known: nobody, settled: false }, timing),
    )
    expect(looks).toEqual([
      { to: 'wait', seconds: 5, closeSession: false },
      { to: 'wait', seconds: 15, closeSession: false },
      { to: 'wait', seconds: 60, closeSession: true },
      { to: 'wait', seconds: 60, closeSession: true },
    ])
  })

  test('never arrived once the whole list of the settled session lacks it', () => {
    expect(afterSearch(lost, { list: [], known: nobody, settled: true }, timing)).toEqual({ to: 'pending' })
  })
})

describe('a list', () => {
  const session = (code: number, invoiceCount?: number): SessionStatus => ({
    status: status(code),
    upoPages: [],
    ...(invoiceCount === undefined ? {} : { invoiceCount }),
  })
  test.each([
    ['of a session that is still processed', session(150, 1), 1, false],
    ['that shows fewer than KSeF counts', session(200, 2), 1, false],
    ['of a session whose count is not said', session(200), 5, false],
    ['that shows all KSeF counts', session(200, 2), 2, true],
    ['of a session that never got an invoice', session(440), 0, true],
  ])('%s', (...[, given, listed, whole]) => {
    expect(isWhole(given, listed)).toBe(whole)
  })
})
