import fc from 'fast-check'
import { expect, test } from 'vitest'
import { failureOfAnswer } from './answer.ts'
import { status } from './api/wire.ts'
import { foreignText } from './foreign-text.ts'

test('another’s words are cut between characters, never within one', () => {
  expect(foreignText('ab😀', 4)).toBe('ab😀')
  expect(foreignText('ab😀', 3)).toBe('ab')
})

test('what no database stores as text is replaced', () => {
  expect(foreignText('a\0b\uD83Dc\uDE00', 10)).toBe('a\uFFFDb\uFFFDc\uFFFD')
})

const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')

test('whatever is said, no more than asked for is kept, and all of it can be stored', () => {
  const anything = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })
  fc.assert(
    fc.property(anything, fc.nat(12), (text, unitsMax) => {
      const kept = foreignText(text, unitsMax)
      expect(kept.length).toBeLessThanOrEqual(unitsMax)
      expect(isStorable(kept)).toBe(true)
      if (isStorable(text) && text.length <= unitsMax) expect(kept).toBe(text)
    }),
  )
})

const CUT_IN_TWO = ['\0', 'x'.repeat(499), '😀'.repeat(2_000)].join('')

test('a status and a refusal of KSeF carry only words that can be stored', () => {
  const said = status.parse({
    code: 450,
    description: CUT_IN_TWO,
    details: [CUT_IN_TWO],
    extensions: { originalKsefNumber: CUT_IN_TWO },
  })
  const error = { code: 21155, description: CUT_IN_TWO, details: [CUT_IN_TWO] }
  const body = { reasonCode: CUT_IN_TWO, traceId: `${'x'.repeat(99)}😀`, errors: [error] }
  const refusal = { status: 400, headers: {}, body: Buffer.from(JSON.stringify(body)) }
  const failure = failureOfAnswer('sendInvoice', refusal, new Date(0))
  const words = [said.description, ...said.details, ...Object.values(said.extensions)]
  const more = [failure.description, ...(failure.details ?? []), failure.reasonCode, failure.traceId]
  for (const text of [...words, ...more]) {
    expect(text).not.toBe('')
    expect(isStorable(text ?? '')).toBe(true)
  }
})
