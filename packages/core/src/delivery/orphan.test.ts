import type { ListedSession } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import { openedAround, orphanIn } from './orphan.ts'

const listed = (referenceNumber: string, totalInvoiceCount?: number): ListedSession => ({
  referenceNumber,
  status: { code: 100, description: 'opis', details: [], extensions: {} },
  dateCreated: new Date(),
  ...(totalInvoiceCount === undefined ? {} : { totalInvoiceCount }),
})

describe('an orphan', () => {
  test('is the one empty session that nobody here knows', () => {
    expect(orphanIn([listed('A'), listed('B', 0)], new Set(['A']))).toBe('B')
    expect(orphanIn([listed('A')], new Set())).toBe('A')
  })

  test('is not told among several, for one may be another program’s', () => {
    expect(orphanIn([listed('A'), listed('B')], new Set())).toBeNull()
  })

  test('is none that holds an invoice: we never sent any into it', () => {
    expect(orphanIn([listed('A', 1)], new Set())).toBeNull()
    expect(orphanIn([], new Set())).toBeNull()
  })

  test('is looked for around the moment of its opening', () => {
    const createdAt = new Date('2026-11-28T10:00:00Z')
    expect(openedAround({ createdAt })).toEqual({
      from: new Date('2026-11-28T09:59:00Z'),
      to: new Date('2026-11-28T10:01:00Z'),
    })
  })
})
