import { describe, expect, test } from 'vitest'
import { inspectInvoice } from '../documents/inspect-invoice.ts'
import { buildInvoice } from './compose-invoice.ts'
import { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES } from './examples.ts'
import { readInvoiceData } from './read-invoice-data.ts'

const SETTING = {
  now: new Date('2026-03-02T10:00:00.123Z'),
  company: {
    nip: '5265877635',
    name: 'Tartak Świerk sp. z o.o.',
    address: { line1: 'ul. Posag 7 Panien 1' },
  },
  systemInfo: 'KSeF Fleet',
}
const examples = { ...INVOICE_EXAMPLES, ...INVOICE_RR_EXAMPLES }

const built = (data: unknown, setting = SETTING) => {
  const result = buildInvoice(data, setting)
  if (!result.ok) throw new Error(JSON.stringify(result.faults, null, 1))
  return { ...result, text: Buffer.from(result.xml).toString('utf8') }
}
const faultsOf = (data: unknown) => {
  const result = buildInvoice(data, SETTING)
  return result.ok ? [] : result.faults
}
const element = (text: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1]

describe.each(Object.entries(examples))('the example of %s', (kind, example) => {
  test('is lawful, and what stands in it can be read', () => {
    const { xml } = built(example)
    const inspection = inspectInvoice(xml, { ...SETTING, environment: 'production' })
    expect(inspection).toMatchObject({ ok: true, facts: { kind } })
  })

  test('makes the same bytes again, also from what it was completed to and from what is read of it', () => {
    const { xml, data } = built(example)
    expect(built(example).xml).toEqual(xml)
    expect(Buffer.from(built(data).xml).toString()).toBe(Buffer.from(xml).toString())
    const read = readInvoiceData(xml)
    if (!read.ok) return expect(read.faults).toEqual([])
    expect(Buffer.from(built(read.data).xml).toString()).toBe(Buffer.from(xml).toString())
    return undefined
  })
})

describe('totals', () => {
  test('are those of the sum of a rate, half a grosz up', () => {
    const lines = [1, 2, 3].map((n) => ({ name: `L${n}`, quantity: 1, netUnitPrice: '0.17', vatRate: 23 }))
    // 0.51 x 23 % is 0.1173; line by line it would be 3 x 0.04.
    expect(element(built({ ...examples.VAT, lines }).text, 'P_14_1')).toBe('0.12')
    const half = [{ name: 'L', quantity: 1, netUnitPrice: '0.50', vatRate: 5 }]
    expect(element(built({ ...examples.VAT, lines: half }).text, 'P_14_3')).toBe('0.03')
  })

  test('from gross prices take VAT out of the sum of a rate', () => {
    const lines = [
      { name: 'A', quantity: '3', grossUnitPrice: '9.99', vatRate: '8' },
      { name: 'B', quantity: '1', grossUnitPrice: '0.01', vatRate: '8' },
    ]
    const { text } = built({ ...examples.VAT, lines })
    expect([element(text, 'P_13_2'), element(text, 'P_14_2'), element(text, 'P_15')]).toEqual([
      '27.76',
      '2.22',
      '29.98',
    ])
  })

  test('of an advance are shared over the rates of its order, to the grosz', () => {
    const { text } = built(examples.ZAL)
    const amounts = ['P_13_1', 'P_14_1', 'P_13_2', 'P_14_2', 'P_15'].map((name) => element(text, name))
    expect(amounts).toEqual(['1333.33', '306.67', '333.33', '26.67', '2000.00'])
  })

  test('in another currency have VAT in PLN, and none without a rate', () => {
    const eur = { ...examples.VAT, currency: 'EUR', exchangeRate: '4.2512' }
    const { text } = built(eur)
    expect(element(text, 'P_14_1W')).toBe('2077.77')
    expect(element(text, 'KursWaluty')).toBe('4.2512')
    const { exchangeRate: _, ...without } = eur
    expect(faultsOf(without)[0]).toMatchObject({
      code: 'INVOICE_EXCHANGE_RATE_MISSING',
      pointer: '/exchangeRate',
    })
  })

  test('that a caller gives are taken when any rounding of the act makes them, and refused otherwise', () => {
    const lines = [1, 2, 3].map((n) => ({ name: `L${n}`, quantity: 1, netUnitPrice: '0.10', vatRate: '23' }))
    const given = (vat: string, gross: string) => ({
      ...examples.VAT,
      lines,
      totals: { standard: { net: '0.30', vat }, gross },
    })
    // Of the sum, and line by line.
    expect([faultsOf(given('0.07', '0.37')), faultsOf(given('0.06', '0.36'))]).toEqual([[], []])
    const [wrong] = faultsOf(given('0.08', '0.38'))
    expect(wrong).toMatchObject({ code: 'INVOICE_TOTAL_MISMATCH', pointer: '/totals/standard/vat' })
    expect(wrong?.message).toBe('0.08 is given; the lines make 0.07 or 0.06.')
  })
})

describe('what follows', () => {
  test('is filled in: reverse charge, split payment, a consumer without a number, the line numbers', () => {
    const lines = [{ name: 'Złom', quantity: 1, netUnitPrice: 20_000, vatRate: 'oo', annex15: true }]
    const { text } = built({ ...examples.VAT, lines })
    expect([element(text, 'P_18'), element(text, 'P_18A'), element(text, 'NrWierszaFa')]).toEqual([
      '1',
      '1',
      '1',
    ])
    const { nip: _, ...consumer } = examples.VAT.buyer
    expect(element(built({ ...examples.VAT, buyer: consumer }).text, 'BrakID')).toBe('1')
  })

  test('gives way to what the caller says', () => {
    const lines = [{ name: 'Usługa', quantity: 1, netUnitPrice: 100, vatRate: 'np II' }]
    const { text } = built({ ...examples.VAT, lines, annotations: { reverseCharge: false } })
    expect(element(text, 'P_18')).toBe('2')
  })

  test('makes the company the buyer of what it invoices itself', () => {
    const seller = examples.VAT.buyer
    const data = { ...examples.VAT, seller, buyer: {}, annotations: { selfInvoicing: true } }
    const read = readInvoiceData(built(data).xml)
    expect(read.ok && read.data).toMatchObject({ seller, buyer: SETTING.company })
  })
})

test('text that looks like markup, or like a reference, is the same text again', () => {
  const name = '<b>&lt;&amp;#65;&#65; "x" \u{1F600}'
  const footer = { texts: [' Kapitał\n  zakładowy & co '] }
  const { xml } = built({
    ...examples.VAT,
    lines: [{ name, quantity: 1, netUnitPrice: 1, vatRate: 23 }],
    footer,
  })
  const read = readInvoiceData(xml)
  expect(read.ok && [read.data.lines?.[0]?.name, read.data.footer]).toEqual([name, footer])
})

test('the total of an invoice RR is said in Polish words', () => {
  expect(element(built(examples.VAT_RR).text, 'P_12_2')).toBe(
    'dziesięć tysięcy czterysta trzydzieści dwa złote pięćdziesiąt groszy',
  )
})
