/** Five hundred orders become invoices: lawful, with totals that another arithmetic finds too, and KSeF takes them all. */
import { buildInvoice, FORMS, readInvoiceData, validateInvoice } from '@ksef-fleet/ksef'
import { describe, expect, test } from 'vitest'
import {
  FA_KINDS,
  type GeneratedInvoice,
  generatedInvoices,
  generatedRrInvoices,
  RATES,
} from './generated-invoices.ts'
import { totalsIn, totalsOf, totalsOfRr } from './other-arithmetic.ts'

const SEED = 20_260_202
const COUNT = 500
const RR_COUNT = 40
const COMPANY = { nip: '5265877635', name: 'Zakłady Mechaniczne Ursus sp. z o.o.' }
const SETTING = { now: new Date('2026-03-01T10:00:00Z'), company: COMPANY }

const invoices = generatedInvoices(COUNT, SEED)
const rrInvoices = generatedRrInvoices(RR_COUNT, SEED)

function xmlOf(data: unknown): Buffer {
  const built = buildInvoice(data, SETTING)
  if (!built.ok) throw new Error(`${JSON.stringify(built.faults)}\n${JSON.stringify(data)}`)
  return Buffer.from(built.xml)
}

describe('among them', () => {
  const count = (of: (invoice: GeneratedInvoice) => unknown) =>
    invoices.filter((one) => Boolean(of(one))).length
  const ofKind = (...kinds: string[]) => invoices.filter(({ kind }) => kinds.includes(kind))
  const ratesIn = (some: readonly GeneratedInvoice[]) =>
    new Set(some.flatMap(({ lines = [] }) => lines.map(({ vatRate }) => vatRate ?? 'oss')))

  test('all kinds are often, each with a number of its own', () => {
    expect(invoices.length).toBe(COUNT)
    for (const kind of FA_KINDS) expect(ofKind(kind).length, kind).toBeGreaterThan(60)
    expect(new Set(invoices.map(({ number }) => number)).size).toBe(COUNT)
  })

  test('every rate is in sales, in corrections of them, and in final invoices', () => {
    for (const kind of ['VAT', 'KOR', 'ROZ', 'KOR_ROZ'])
      expect([...ratesIn(ofKind(kind))].sort(), kind).toEqual([...RATES].sort())
  })

  test('corrections are before and after as well as differences, down as well as up', () => {
    for (const kind of ['KOR', 'KOR_ROZ']) {
      const states = ofKind(kind).filter(({ lines = [] }) => lines.some(({ before }) => before))
      const differences = ofKind(kind).filter(({ lines = [] }) =>
        lines.every(({ before }) => before !== true),
      )
      expect(Math.min(states.length, differences.length), kind).toBeGreaterThan(20)
      const totals = states.map((one) => totalsOf(one).get('P_15') ?? 0n)
      expect([totals.some((total) => total > 0n), totals.some((total) => total < 0n)]).toEqual([true, true])
    }
    expect(ofKind('KOR_ZAL').every(({ order }) => order?.lines.some(({ before }) => before))).toBe(true)
  })

  test('net and gross prices, discounts, currencies, payments and every kind of buyer are often', () => {
    const buyer = ({ buyer: given }: GeneratedInvoice) => Object(given) as Record<string, unknown>
    const often: Record<string, (invoice: GeneratedInvoice) => unknown> = {
      net: ({ lines }) => lines?.some(({ netUnitPrice }) => netUnitPrice),
      gross: ({ lines }) => lines?.some(({ grossUnitPrice }) => grossUnitPrice),
      discount: ({ lines }) => lines?.some(({ discount }) => discount),
      euro: ({ currency }) => currency === 'EUR',
      dollar: ({ currency }) => currency === 'USD',
      polish: (one) => buyer(one)['nip'],
      ofTheUnion: (one) => buyer(one)['euVatId'],
      elsewhere: (one) => buyer(one)['otherId'],
      consumer: (one) => !['nip', 'euVatId', 'otherId'].some((name) => name in buyer(one)),
      account: ({ payment }) => JSON.stringify(payment ?? '').includes('accounts'),
      thirdParty: ({ thirdParties }) => thirdParties,
    }
    for (const [what, of] of Object.entries(often)) expect(count(of), what).toBeGreaterThan(20)
  })
})

describe.each(FA_KINDS)('of kind %s', (kind) => {
  const those = invoices.filter((invoice) => invoice.kind === kind)
  const made = those.map((invoice) => ({ invoice, xml: xmlOf(invoice) }))

  test('each keeps the schema and has the totals of the other arithmetic', () => {
    for (const { invoice, xml } of made) {
      expect(validateInvoice(xml, FORMS['FA (3)'].code)).toEqual([])
      const found = totalsIn(xml.toString(), /^P_(13|14)_|^P_15$/)
      expect(found, JSON.stringify(invoice)).toEqual(totalsOf(invoice))
    }
  })

  test('each is the same again when it is read back and built once more', () => {
    for (const { xml } of made) {
      const read = readInvoiceData(xml)
      if (!read.ok) return expect(read.faults).toEqual([])
      expect(xmlOf(read.data).toString()).toBe(xml.toString())
    }
    return undefined
  })
})

test('invoices RR, first ones and corrections, keep their schema and have the totals of the other arithmetic', () => {
  expect(new Set(rrInvoices.map(({ kind }) => kind ?? 'VAT_RR'))).toEqual(new Set(['VAT_RR', 'KOR_VAT_RR']))
  for (const invoice of rrInvoices) {
    const xml = xmlOf(invoice)
    expect(validateInvoice(xml, FORMS['FA_RR (1)'].code)).toEqual([])
    expect(totalsIn(xml.toString(), /^P_(11_[12]|12_1)$/), JSON.stringify(invoice)).toEqual(
      totalsOfRr(invoice),
    )
  }
})
