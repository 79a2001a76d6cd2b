import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { account, decimal, percent, sum } from './values.ts'

describe('numbers', () => {
  test.each([
    ['1234567.50', '1 234 567,50', '1,234,567.50'],
    ['-1000', '-1 000', '-1,000'],
    ['0.90', '0,90', '0.90'],
    ['100', '100', '100'],
    ['12.34567800', '12,34567800', '12.34567800'],
    ['1e5', '1e5', '1e5'],
    ['', '', ''],
  ])('%s is written %s in Polish and %s in English', (text, pl, en) => {
    expect([decimal(text, 'pl'), decimal(text, 'en')]).toEqual([pl.replaceAll(' ', '\u00a0'), en])
  })

  test('no digit is ever lost', () => {
    const number = fc.stringMatching(/^-?\d{1,18}(\.\d{1,8})?$/)
    fc.assert(
      fc.property(number, (text) => {
        expect(decimal(text, 'pl').replaceAll('\u00a0', '').replace(',', '.')).toBe(text)
        expect(decimal(text, 'en').replaceAll(',', '')).toBe(text)
      }),
    )
  })

  test.each([
    [['0.1', '0.2'], '0.30'],
    [['-1250.50', '100'], '-1150.50'],
    [['0.005', '0.005'], '0.010'],
    [['0.00000001'], '0.00000001'],
    [['9007199254740993.01', '0.01'], '9007199254740993.02'],
    [[], '0.00'],
  ])('the sum of %j is %s, exactly', (amounts, expected) => {
    expect(sum(amounts)).toBe(expected)
  })

  test('there is no sum of what is no amount', () => {
    expect(sum(['1.00', 'x'])).toBeNull()
  })
})

test.each([
  ['73111122223333444455556666', '73 1111 2222 3333 4444 5555 6666'],
  ['PL73111122223333444455556666', 'PL73 1111 2222 3333 4444 5555 6666'],
  ['DE89370400440532013000', 'DE89370400440532013000'],
])('the account %s is written %s', (text, expected) => {
  expect(account(text).replaceAll('\u00a0', ' ')).toBe(expected)
})

test('a rate in words gets no sign', () => {
  expect([percent('23'), percent('6.5'), percent('zw'), percent('0 WDT')]).toEqual([
    '23%',
    '6.5%',
    'zw',
    '0 WDT',
  ])
})
