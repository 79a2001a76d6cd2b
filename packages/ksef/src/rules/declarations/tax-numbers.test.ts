import { expect, test } from 'vitest'
import { isEuVatNumber } from './tax-numbers.ts'

/** One number of each member state as VIES has them, and the same with its last digit changed. */
const NUMBERS = [
  ['AT', 'U13585627'],
  ['BE', '0403170701'],
  ['BG', '175074752'],
  ['CY', '10259033P'],
  ['CZ', '25123891'],
  ['DE', '136695976'],
  ['DK', '13585628'],
  ['EE', '100931558'],
  ['EL', '094259216'],
  ['ES', 'B58378431'],
  ['FI', '20774740'],
  ['FR', '40303265045'],
  ['HR', '33392005961'],
  ['HU', '12892312'],
  ['IE', '6433435F'],
  ['IT', '00743110157'],
  ['LT', '119511515'],
  ['LU', '15027442'],
  ['LV', '40003521600'],
  ['MT', '11679112'],
  ['NL', '004495445B01'],
  ['PT', '501964843'],
  ['RO', '18547290'],
  ['SE', '556188840401'],
  ['SI', '50223054'],
  ['SK', '2022749619'],
  ['XI', '980780684'],
] as const

test.each(NUMBERS)('a VAT number of %s is known by its checksum: %s', (country, number) => {
  expect(isEuVatNumber(country, number)).toBe(true)
})

/** Finds a digit whose change no checksum of the country lets through. */
test.each(NUMBERS)('and a wrong one of %s is not: %s changed', (country, number) => {
  const changed = [...number].map((character, index) =>
    /\d/.test(character)
      ? number.slice(0, index) + String((Number(character) + 1) % 10) + number.slice(index + 1)
      : number,
  )
  expect(changed.some((wrong) => !isEuVatNumber(country, wrong))).toBe(true)
})

test('a country without a rule of its own is not refused', () => {
  expect(isEuVatNumber('ZZ', '1')).toBe(true)
})
