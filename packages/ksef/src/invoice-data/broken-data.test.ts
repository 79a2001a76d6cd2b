/** A hundred ways to get an invoice wrong, and what is said to each: where, which rule, and what to do. */
import { expect, test } from 'vitest'
import { INVOICE_FAULTS } from '../documents/invoice-fault.ts'
import { buildInvoice } from './compose-invoice.ts'
import { INVOICE_EXAMPLES, INVOICE_RR_EXAMPLES } from './examples.ts'

const SETTING = {
  now: new Date('2026-03-02T10:00:00Z'),
  company: { nip: '5265877635', name: 'Tartak Świerk sp. z o.o.' },
}
const EXAMPLES = { ...INVOICE_EXAMPLES, ...INVOICE_RR_EXAMPLES }
const UNKNOWN = 'INVOICE_FIELD_UNKNOWN'
const MISSING = 'INVOICE_FIELD_MISSING'
const INVALID = 'INVOICE_FIELD_INVALID'
const EXCLUDE = 'INVOICE_FIELDS_EXCLUDE'
const VALUE = 'INVOICE_VALUE_MISMATCH'
const TOTAL = 'INVOICE_TOTAL_MISMATCH'

/** Example, where it is changed, to what (undefined takes it away), the code, where the fault is seen (else there), what it says. */
type Break = [
  kind: keyof typeof EXAMPLES,
  at: string,
  to: unknown,
  code: string,
  pointer?: string | undefined,
  says?: string,
]

const BREAKS: Break[] = [
  ['VAT', '/numbr', '1', UNKNOWN, undefined, 'did you mean `number`?'],
  ['VAT', '/issuedate', '2026-02-02', UNKNOWN, undefined, 'did you mean `issueDate`?'],
  ['VAT', '/customer', {}, UNKNOWN],
  ['VAT', '/lines/0/qty', 1, UNKNOWN],
  ['VAT', '/lines/0/quantiy', 1, UNKNOWN, undefined, 'did you mean `quantity`?'],
  ['VAT', '/lines/0/unitPrice', 1, UNKNOWN, undefined, 'UnitPrice`?'],
  ['VAT', '/lines/1/vat_rate', 1, UNKNOWN, undefined, 'did you mean `vatRate`?'],
  ['VAT', '/buyer/NIP', '7980332920', UNKNOWN, undefined, 'did you mean `nip`?'],
  ['VAT', '/buyer/vatId', 'DE1', UNKNOWN, undefined, 'did you mean `euVatId`?'],
  ['VAT', '/buyer/address/street', 'x', UNKNOWN],
  ['VAT', '/seller/adres', {}, UNKNOWN, undefined, 'did you mean `address`?'],
  ['VAT', '/payment/dueDate', '2026-02-16', UNKNOWN],
  ['VAT', '/payment/accounts/0/iban', 'x', UNKNOWN],
  [
    'VAT',
    '/annotations',
    { splitpayment: true },
    UNKNOWN,
    '/annotations/splitpayment',
    'did you mean `splitPayment`?',
  ],
  ['VAT', '/totals', { standart: {} }, UNKNOWN, '/totals/standart', 'did you mean `standard`?'],
  ['VAT_RR', '/lines/0/qualty', 'x', UNKNOWN, undefined, 'did you mean `quality`?'],
  ['VAT', '/~tilde~/x', 1, UNKNOWN, '/~0tilde~0~1x'],

  ['VAT', '/number', undefined, MISSING],
  ['VAT', '/issueDate', undefined, MISSING],
  ['VAT', '/issueDate', null, MISSING],
  ['VAT', '/buyer', undefined, MISSING],
  ['VAT', '/buyer/name', undefined, MISSING],
  ['VAT', '/seller/address', undefined, MISSING],
  ['VAT', '/seller', undefined, MISSING, '/seller/address'],
  ['VAT', '/buyer/address/line1', undefined, MISSING],
  ['VAT', '/lines', undefined, MISSING],
  ['VAT', '/lines', [], MISSING],
  ['VAT', '/lines/0/name', undefined, MISSING],
  ['VAT', '/lines/0/vatRate', undefined, MISSING],
  ['VAT', '/lines/0/quantity', undefined, MISSING],
  ['VAT', '/lines/0/netUnitPrice', undefined, MISSING],
  ['VAT', '/lines/0/vatRate', 'zw', MISSING, '/annotations/exemption', 'legal basis'],
  ['VAT', '/lines/0/vatRate', 'margin', MISSING, '/annotations/margin'],
  [
    'VAT',
    '/annotations',
    { exemption: {} },
    MISSING,
    '/annotations/exemption/act',
    'One of `act`, `directive`, `other`',
  ],
  ['VAT', '/period', { from: '2026-01-01' }, MISSING, '/period/to'],
  ['VAT', '/payment/accounts/0/number', undefined, MISSING],
  ['VAT', '/thirdParties', [{ nip: '5252344078', name: 'F' }], MISSING, '/thirdParties/0/role'],
  ['VAT', '/notes', [{ key: 'k' }], MISSING, '/notes/0/value'],
  ['VAT', '/settlement', { charges: [{ amount: 1 }] }, MISSING, '/settlement/charges/0/reason'],
  ['KOR', '/correction', undefined, MISSING, '/correction/invoices', 'names what it corrects'],
  ['KOR', '/correction/invoices', [], MISSING],
  ['KOR', '/correction/invoices/0/issueDate', undefined, MISSING],
  ['KOR', '/correction/invoices/0/number', undefined, MISSING],
  ['ZAL', '/order', undefined, MISSING, '/order/lines'],
  ['ZAL', '/totals', undefined, MISSING, '/totals/gross', 'what was paid'],
  ['ROZ', '/advanceInvoices', undefined, MISSING],
  ['ROZ', '/advanceInvoices/0/ksefNumber', undefined, MISSING, '/advanceInvoices/0/number'],
  ['VAT_RR', '/seller/name', undefined, MISSING],
  ['VAT_RR', '/buyer/address', undefined, MISSING],
  ['VAT_RR', '/lines/0/quality', undefined, MISSING],
  ['VAT_RR', '/lines', undefined, MISSING],
  ['KOR_VAT_RR', '/correction', undefined, MISSING, '/correction/invoices'],

  ['VAT', '/form', 'FA (4)', INVALID, undefined, 'FA (3)'],
  ['VAT', '/kind', 'FAKTURA', INVALID],
  ['VAT', '/number', 7, INVALID],
  ['VAT', '/number', '', INVALID],
  ['VAT', '/number', 'x'.repeat(257), INVALID],
  ['VAT', '/issueDate', '02.02.2026', INVALID, undefined, 'YYYY-MM-DD'],
  ['VAT', '/issueDate', '2026-02-30', INVALID],
  ['VAT', '/currency', 'zł', INVALID, undefined, 'ISO 4217'],
  ['VAT', '/buyer/nip', '123-456-32-18', INVALID, undefined, 'ten digits'],
  ['VAT', '/buyer/nip', 1234563218, INVALID],
  ['VAT', '/buyer/address/country', 'Polska', INVALID],
  ['VAT', '/buyer/jst', 'tak', INVALID],
  ['VAT', '/buyer/contacts', [{ email: 'nobody' }], INVALID, '/buyer/contacts/0/email', 'e-mail'],
  ['VAT', '/buyer/contacts', [{ phone: '1'.repeat(17) }], INVALID, '/buyer/contacts/0/phone'],
  ['VAT', '/lines', {}, INVALID],
  ['VAT', '/lines/0', 'Deski', INVALID],
  ['VAT', '/lines/0/quantity', 'dwa', INVALID, undefined, 'a quantity'],
  ['VAT', '/lines/0/quantity', '1,5', INVALID],
  ['VAT', '/lines/0/quantity', '0.0000001', INVALID, undefined, 'at most 6 decimals'],
  ['VAT', '/lines/0/netUnitPrice', '1 000.00', INVALID],
  ['VAT', '/lines/0/netUnitPrice', Number('12345678901234.567'), INVALID, undefined, 'write it as text'],
  ['VAT', '/lines/0/netValue', '2125.001', INVALID, undefined, 'at most 2 decimals'],
  ['VAT', '/lines/0/vatRate', '19', INVALID, undefined, 'expected a rate'],
  ['VAT', '/lines/0/vatRate', 23.5, INVALID],
  ['VAT', '/lines/0/gtu', 'GTU_14', INVALID],
  ['VAT', '/lines/0/procedure', 'SW', INVALID],
  ['VAT', '/lines/0/ossVatRate', '120', INVALID],
  ['VAT', '/lines/0/number', 0, INVALID],
  ['VAT', '/lines/0/number', 2, INVALID, '/lines/1/number', 'there already'],
  ['VAT', '/period', { from: '2026-02-02', to: '2026-02-01' }, EXCLUDE],
  ['VAT', '/payment/form', 'wire', INVALID],
  ['VAT', '/payment/accounts/0/swift', 'bank', INVALID],
  ['VAT', '/payment/accounts/0/number', '123', 'INVOICE_XSD'],
  ['VAT', '/payment/ipKsef', 'abc', INVALID],
  ['VAT', '/exchangeRate', '-', INVALID],
  ['VAT', '/createdAt', 'today', INVALID],
  ['VAT', '/footer', { registers: [{ krs: '1' }] }, INVALID, '/footer/registers/0/krs'],
  ['VAT', '/buyer/address/country', 'XQ', 'INVOICE_XSD'],
  ['VAT', '/seller/address/country', 'XQ', 'INVOICE_XSD'],
  ['KOR', '/correction/invoices/0/ksefNumber', '1', INVALID],
  ['VAT', '/issueDate', '1999-01-01', 'INVOICE_XSD'],
  ['VAT', '/lines/0/name', 'bell \u0007', 'INVOICE_FORBIDDEN_CHARACTER'],
  ['VAT', '/lines/0/name', 'soft \u0085\u0086', 'INVOICE_DISCOURAGED_CHARACTER'],

  ['VAT', '/buyer/euVatId', 'DE811569869', EXCLUDE],
  ['VAT', '/buyer/withoutId', true, EXCLUDE],
  ['VAT', '/lines/0/ossVatRate', '19', EXCLUDE],
  ['VAT', '/payment/otherForm', 'barter', EXCLUDE],
  ['VAT', '/correction', { invoices: [{ issueDate: '2026-01-01', number: '1' }] }, EXCLUDE],
  ['VAT', '/lines/0/before', true, EXCLUDE],
  ['VAT', '/order', { lines: [] }, EXCLUDE],
  ['VAT', '/annotations', { exemption: { act: 'a', other: 'b' } }, EXCLUDE, '/annotations/exemption/other'],
  ['ROZ', '/advanceInvoices/0/number', 'ZAL/1', EXCLUDE, '/advanceInvoices/0/ksefNumber'],
  ['VAT_RR', '/correction', { invoices: [] }, EXCLUDE],

  ['VAT', '/lines/0/netValue', '2125.10', VALUE, undefined, 'make 2125.00'],
  ['VAT', '/lines/1/netValue', '840.00', VALUE, undefined, 'make 800.00'],
  ['VAT', '/lines/0/vat', '500.00', VALUE, undefined, 'makes 488.75'],
  ['VAT_RR', '/lines/0/value', '9000.00', VALUE],
  ['VAT_RR', '/lines/0/refund', '1.00', VALUE],
  ['VAT_RR', '/lines/0/grossValue', '1.00', VALUE],
  ['VAT', '/totals', { gross: '1.00' }, TOTAL, '/totals/gross', '1.00 is given; the lines make 3477.75.'],
  ['VAT', '/totals', { standard: { net: '2124.00', vat: '488.75' } }, TOTAL, '/totals/standard/net'],
  ['VAT', '/totals', { standard: { net: '2125.00', vat: '488.00' } }, TOTAL, '/totals/standard/vat'],
  ['VAT', '/totals', { exempt: '10.00' }, TOTAL, '/totals/exempt', 'No line has this rate.'],
  ['VAT_RR', '/totals', { gross: '1.00' }, TOTAL, '/totals/gross'],
  ['UPR', '/lines/0/grossValue', undefined, 'INVOICE_TOTAL_MISSING', '/totals/gross'],
  ['ROZ', '/advanceInvoices/0/deducted', undefined, 'INVOICE_TOTAL_MISSING', '/totals/gross'],
  ['VAT', '/currency', 'EUR', 'INVOICE_EXCHANGE_RATE_MISSING', '/exchangeRate'],
  ['VAT_RR', '/currency', 'EUR', 'INVOICE_EXCHANGE_RATE_MISSING', '/exchangeRate'],
  ['VAT', '/lines/2', { name: 'x', grossValue: '1.00', vatRate: '23' }, 'INVOICE_PRICES_MIXED', '/lines'],
]

function changed(data: object, at: string, to: unknown): object {
  const copy = structuredClone(data)
  const steps = at === '/~tilde~/x' ? ['~tilde~/x'] : at.slice(1).split('/')
  const last = steps.pop() ?? ''
  const place = steps.reduce<object>((here, step) => Reflect.get(here, step), copy)
  if (to === undefined) Reflect.deleteProperty(place, last)
  else Reflect.set(place, last, to)
  return copy
}

test.each(BREAKS)('%s with %s %j: %s', (...[kind, at, to, code, pointer = at, says = '']: Break) => {
  const result = buildInvoice(changed(EXAMPLES[kind], at, to), SETTING)
  const faults = result.ok ? [] : result.faults
  const found = faults.find((fault) => fault.code === code && fault.pointer === pointer)
  expect(found, JSON.stringify(faults)).toBeDefined()
  expect(found?.message).toContain(says)
  expect(found?.help.length).toBeGreaterThan(10)
  // A fault beside the one made would send the caller looking in the wrong place.
  expect(
    faults.filter((fault) => !fault.pointer?.startsWith(pointer)),
    JSON.stringify(faults),
  ).toEqual([])
})

test('there are a hundred of them, no two of the same break, and all that can be wrong with data is among them', () => {
  expect(BREAKS.length).toBeGreaterThanOrEqual(100)
  const broken = BREAKS.map(([kind, at, to]) => JSON.stringify(changed(EXAMPLES[kind], at, to)))
  expect(new Set(broken).size).toBe(BREAKS.length)
  expect(new Set(BREAKS.map(([kind]) => kind))).toEqual(
    new Set(['VAT', 'KOR', 'ZAL', 'ROZ', 'UPR', 'VAT_RR', 'KOR_VAT_RR']),
  )
  const codes = new Set(BREAKS.map(([, , , code]) => code))
  const ofData = Object.keys(INVOICE_FAULTS).filter((code) =>
    /FIELD_(UN|MISS|INV)|FIELDS|VALUE|TOTAL|RATE|PRICES/.test(code),
  )
  expect(ofData.filter((code) => !codes.has(code) && code !== 'INVOICE_FIELD_UNREADABLE')).toEqual([])
})

test.each([[null], [[]], ['text'], [7]])('%j is no invoice at all', (data) => {
  const result = buildInvoice(data, SETTING)
  expect(result.ok ? [] : result.faults.map(({ code }) => code)).toEqual(['INVOICE_NOT_JSON'])
})

test('what is nested without end is refused and not followed', () => {
  let deep: unknown = {}
  for (let depth = 0; depth < 50_000; depth += 1) deep = { lines: [deep] }
  const result = buildInvoice(deep, SETTING)
  expect(result.ok).toBe(false)
})
