// Invoices computed apart, in whole grosze and by each method of the act, have nothing wrong; a grosz too many is found.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FORMS } from '../documents/form-code.ts'
import { validateInvoice } from '../documents/validate-invoice.ts'
import { checkInvoice, EXAMPLE_NOW, exampleInvoice } from './index.ts'

const SETTING = { now: EXAMPLE_NOW, environment: 'production' } as const
const RATES = {
  '23': ['1', 23n],
  '8': ['2', 8n],
  '5': ['3', 5n],
  '4': ['4', 4n],
  '0 KR': ['6_1', 0n],
  zw: ['7', 0n],
} as const
type Rate = keyof typeof RATES
/** Keys that are numbers come sorted as such; the schema has the fields in another order. */
const IN_ORDER: readonly Rate[] = ['23', '8', '5', '4', '0 KR', 'zw']
type Method = 'net, of the sum' | 'net, by line' | 'gross, of the sum'

const line = fc.record({
  rate: fc.constantFrom(...IN_ORDER),
  quantity: fc.bigInt(1n, 60n),
  price: fc.bigInt(1n, 250_000n),
})
const invoice = fc.record({
  method: fc.constantFrom<Method>('net, of the sum', 'net, by line', 'gross, of the sum'),
  lines: fc.array(line, { minLength: 1, maxLength: 9 }),
})
type Drawn = typeof invoice extends fc.Arbitrary<infer T> ? T : never

/** Half away from zero; only for what is not negative. */
const divided = (dividend: bigint, divisor: bigint): bigint => (2n * dividend + divisor) / (2n * divisor)
const zloty = (grosze: bigint): string => `${grosze / 100n}.${String(grosze % 100n).padStart(2, '0')}`
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, each) => all + each, 0n)

function summaries({ method, lines }: Drawn) {
  return IN_ORDER.flatMap((rate) => {
    const values = lines.filter((each) => each.rate === rate).map(({ quantity, price }) => quantity * price)
    if (values.length === 0) return []
    const [field, percent] = RATES[rate]
    const whole = sum(values)
    if (method === 'gross, of the sum') {
      const vat = divided(whole * percent, 100n + percent)
      return [{ field, percent, net: whole - vat, vat }]
    }
    const byLine = sum(values.map((value) => divided(value * percent, 100n)))
    return [
      {
        field,
        percent,
        net: whole,
        vat: method === 'net, by line' ? byLine : divided(whole * percent, 100n),
      },
    ]
  })
}

type Summary = ReturnType<typeof summaries>

function xmlOf(drawn: Drawn, of: Summary): Buffer {
  const [price, value] = drawn.method === 'gross, of the sum' ? ['P_9B', 'P_11A'] : ['P_9A', 'P_11']
  const rows = drawn.lines.map(
    (each, index) =>
      `<FaWiersz><NrWierszaFa>${index + 1}</NrWierszaFa><P_7>T</P_7><P_8A>szt.</P_8A><P_8B>${each.quantity}</P_8B><${price}>${zloty(each.price)}</${price}><${value}>${zloty(each.quantity * each.price)}</${value}><P_12>${each.rate}</P_12></FaWiersz>`,
  )
  const sums = of.map(({ field, percent, net, vat }) =>
    percent === 0n
      ? `<P_13_${field}>${zloty(net)}</P_13_${field}>`
      : `<P_13_${field}>${zloty(net)}</P_13_${field}><P_14_${field}>${zloty(vat)}</P_14_${field}>`,
  )
  const whole = sum(of.flatMap(({ net, vat }) => [net, vat]))
  const isExempt = drawn.lines.some(({ rate }) => rate === 'zw')
  const text = Buffer.from(exampleInvoice([]))
    .toString()
    .replace(/<P_13_1>.*<\/P_15>/s, `${sums.join('')}<P_15>${zloty(whole)}</P_15>`)
    .replace(/<FaWiersz>.*<\/FaWiersz>/s, rows.join('\n'))
  return Buffer.from(
    isExempt ? text.replace('<P_19N>1</P_19N>', '<P_19>1</P_19><P_19A>art. 43</P_19A>') : text,
  )
}

const codesOf = (xml: Buffer): string[] => checkInvoice(xml, SETTING).findings.map(({ code }) => code)

test('what is computed as the act says has nothing wrong', () => {
  fc.assert(
    fc.property(invoice, (drawn) => {
      const xml = xmlOf(drawn, summaries(drawn))
      expect(validateInvoice(xml, FORMS['FA (3)'].code)).toEqual([])
      expect(codesOf(xml)).toEqual([])
    }),
    { numRuns: 150 },
  )
})

test('a sum or a tax that is off, with the total following it, is found by the rule of its field and by no other', () => {
  fc.assert(
    fc.property(invoice, fc.nat(), fc.boolean(), (drawn, pick, isOfTax) => {
      const right = summaries(drawn)
      const index = pick % right.length
      const off = right.map((each, place) => {
        if (place !== index) return each
        return isOfTax && each.percent > 0n
          ? { ...each, vat: each.vat + 777n }
          : { ...each, net: each.net + 777n }
      })
      const codes = codesOf(xmlOf(drawn, off))
      expect(codes.length).toBeGreaterThan(0)
      for (const code of codes) expect(code).toMatch(/^FA_(SUM_NET|VAT|TOTAL_GROSS_LINES)/)
    }),
    { numRuns: 150 },
  )
})
