import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { wordsOf } from './search-words.ts'

describe('words to search by', () => {
  test('are lower case and without accents, Polish ones among them', () => {
    expect(wordsOf('Zażółć GĘŚLĄ jaźń, Łódź')).toEqual(['zazolc', 'gesla', 'jazn', 'lodz'])
    expect(wordsOf('Mühle & Söhne Straße')).toEqual(['muhle', 'sohne', 'strasse'])
  })

  test('are the pieces of a number', () => {
    expect(wordsOf('FV/2026/11-007 B')).toEqual(['fv', '2026', '11', '007', 'b'])
    expect(wordsOf('5265877635-20260226-010080615740-E4')).toEqual([
      ...['5265877635', '20260226', '010080615740', 'e4'],
    ])
  })

  test('hold nothing that a query of words would read as its own, and making them again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const words = wordsOf(text)
        for (const word of words) expect(word).toMatch(/^[\p{L}\p{N}]{1,64}$/u)
        expect(new Set(words).size).toBe(words.length)
        expect(wordsOf(words.join(' '))).toEqual(words)
      }),
    )
  })
})
