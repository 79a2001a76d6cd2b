import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalOf, sumOf } from './decimal.ts'

const amount = fc
  .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 16n), fc.integer({ min: 0, max: 8 }))
  .map(([isNegative, digits, scale]) => {
    const text = String(digits).padStart(scale + 1, '0')
    const whole = text.slice(0, text.length - scale)
    return `${isNegative ? '-' : ''}${whole}${scale === 0 ? '' : `.${text.slice(-scale)}`}`
  })

/** In units of 0.00000001. */
const unitsOf = (text: string): bigint => {
  const [whole = '', decimals = ''] = text.replace('-', '').split('.')
  const size = BigInt(whole + decimals.padEnd(8, '0'))
  return text.startsWith('-') ? -size : size
}

describe('amounts', () => {
  test('any number of them adds up to the last digit', () => {
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 20 }), (amounts) => {
        const sum = sumOf(amounts)
        expect(sum).toMatch(/^-?\d+\.\d{2,8}$/)
        expect(unitsOf(sum ?? '')).toBe(amounts.reduce((total, one) => total + unitsOf(one), 0n))
      }),
    )
  })

  test('an amount is written with two decimals at least and no more than it needs', () => {
    const written = ['1', '1.5', '01.500', '-0.00', '+2.10', '999999999999999999.99'].map(decimalOf)
    expect(written).toEqual(['1.00', '1.50', '1.50', '0.00', '2.10', '999999999999999999.99'])
  })

  test('what is no amount is none, and nothing adds up to nothing', () => {
    for (const text of ['', '1,50', '1e5', 'NaN', '0x1', '1.', '.5', '1 000.00', '1'.repeat(19)])
      expect(decimalOf(text)).toBeNull()
    expect(decimalOf(null)).toBeNull()
    expect(sumOf([])).toBeNull()
    expect(sumOf(['1.00', 'one'])).toBeNull()
  })
})
