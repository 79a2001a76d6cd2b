// Rules against what others wrote: the Ministry's samples, our own samples, the acceptance check, and a page of documentation.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { RULES_PAGE, rulesPage } from '../scripts/rules-page.ts'
import { FORMS } from '../src/documents/form-code.ts'
import { sampleInvoice } from '../src/documents/sample-invoice.ts'
import { inspectInvoice } from '../src/index.ts'
import { checkInvoice, EXAMPLE_NOW, exampleInvoice, RULES } from '../src/rules/index.ts'
import { HOSTILE } from './hostile-invoices.ts'

const SETTING = { now: EXAMPLE_NOW, environment: 'test' } as const
const PRODUCTION = { now: EXAMPLE_NOW, environment: 'production' } as const

const directory = process.env['KSEF_CONTRACT_DIR']
if (directory === undefined) {
  console.warn('SKIPPED, KSEF_CONTRACT_DIR is not set: rules against the official samples')
}

const samples =
  directory === undefined
    ? []
    : readdirSync(join(directory, 'samples')).filter((name) => name.startsWith('invoice-template'))

/** Errors of the Ministry's samples that are theirs and not ours. */
const EXPLAINED: Readonly<Record<string, readonly string[]>> = {}

describe.skipIf(directory === undefined)('the official samples', () => {
  const filled = (name: string) =>
    Buffer.from(
      readFileSync(join(directory ?? '', 'samples', name), 'utf8')
        .replaceAll('#nip#', '5265877635')
        .replaceAll('#nipOdbiorca#', '1234563218')
        .replaceAll('#invoice_number#', '1')
        .replaceAll('#invoicing_date#', '2026-11-20'),
    )

  test.each(samples)('%s has no error, save explained ones', (name) => {
    const { facts, findings } = checkInvoice(filled(name), PRODUCTION)
    const errors = findings.filter(
      ({ severity, code }) => severity === 'error' && code !== 'INVOICE_FORM_NOT_ACCEPTED_HERE',
    )
    expect(facts).toMatchObject({ sellerNip: '5265877635' })
    expect(
      errors.map(({ code }) => code),
      JSON.stringify(errors, null, 1),
    ).toEqual(EXPLAINED[name] ?? [])
  })
})

test.each(['FA (2)', 'FA (3)'] as const)('our own sample of %s has nothing wrong', (form) => {
  const xml = sampleInvoice({
    form,
    sellerNip: '5265877635',
    buyerNip: '1111111111',
    number: 'FV & <1>',
    issueDate: '2026-11-20',
  })
  expect(checkInvoice(xml, SETTING).findings).toEqual([])
})

describe('the acceptance check', () => {
  test.each(HOSTILE)('and the rules refuse with the same codes: $tries', ({ bytes }) => {
    const inspection = inspectInvoice(bytes, SETTING)
    const refused = inspection.ok ? [] : inspection.faults
    const findings = checkInvoice(bytes, SETTING).findings.filter(({ ksefRefuses }) => ksefRefuses)
    expect(findings.map(({ code, line, xpath }) => ({ code, line, xpath }))).toEqual(
      refused.map(({ code, line, xpath }) =>
        code === 'INVOICE_DATED_IN_FUTURE' ? expect.objectContaining({ code }) : { code, line, xpath },
      ),
    )
  })

  test.each(RULES)('takes what breaks $code alone, unless KSeF refuses it', (rule) => {
    const xml = exampleInvoice(rule.fails)
    const inspection = inspectInvoice(xml, PRODUCTION)
    const refusals = checkInvoice(xml, PRODUCTION).findings.filter(({ ksefRefuses }) => ksefRefuses)
    expect(inspection.ok ? [] : inspection.faults.map(({ code }) => code)).toEqual(
      refusals.map(({ code }) => code),
    )
    expect(refusals.length > 0).toBe(rule.ksefRefuses === true)
  })

  test('says what is wrong with a broken document in Polish too, with line and XPath', () => {
    const xml = Buffer.from(exampleInvoice([])).toString().replace('<P_15>339.00', '<P_15>dużo')
    const { facts, findings } = checkInvoice(Buffer.from(xml), SETTING)
    expect(facts).toBeNull()
    expect(findings[0]).toMatchObject({
      code: 'INVOICE_XSD',
      severity: 'error',
      xpath: '/Faktura/Fa/P_15',
      line: 7,
      message: { pl: expect.stringContaining('narusza schemat'), en: expect.stringContaining('P_15') },
    })
  })
})

/** A purchase from a flat-rate farmer, whom the buyer invoices. */
const FARMER = (nip: string, date: string): Buffer => {
  const party = (number: string): string =>
    `<DaneIdentyfikacyjne><NIP>${number}</NIP><Nazwa>Sad</Nazwa></DaneIdentyfikacyjne><Adres><KodKraju>PL</KodKraju><AdresL1>Grójec</AdresL1></Adres>`
  return Buffer.from(
    [
      `<Faktura xmlns="${FORMS['FA_RR (1)'].namespace}"><Naglowek><KodFormularza kodSystemowy="FA_RR (1)" wersjaSchemy="1-1E">FA_RR</KodFormularza>`,
      '<WariantFormularza>1</WariantFormularza><DataWytworzeniaFa>2026-11-20T08:00:00Z</DataWytworzeniaFa></Naglowek>',
      `<Podmiot1>${party(nip)}</Podmiot1>`,
      `<Podmiot2>${party('1234563218')}</Podmiot2>`,
      `<FakturaRR><KodWaluty>PLN</KodWaluty><P_4B>${date}</P_4B><P_4C>RR/1</P_4C><P_11_1>100.00</P_11_1><P_11_2>7.00</P_11_2>`,
      '<P_12_1>107.00</P_12_1><P_12_2>sto siedem</P_12_2><RodzajFaktury>VAT_RR</RodzajFaktury></FakturaRR></Faktura>',
    ].join('\n'),
  )
}

test('of an FA_RR the rules of KSeF hold, at its own fields', () => {
  expect(checkInvoice(FARMER('5265877635', '2026-11-20'), PRODUCTION).findings).toEqual([])
  expect(checkInvoice(FARMER('5265877636', '2026-11-21'), PRODUCTION).findings).toMatchObject([
    { code: 'INVOICE_NIP_CHECKSUM', xpath: '/Faktura/Podmiot1/DaneIdentyfikacyjne/NIP', line: 3 },
    { code: 'INVOICE_DATED_IN_FUTURE', xpath: '/Faktura/FakturaRR/P_4B', line: 5 },
  ])
})

test('an FA(2) is refused where only FA(3) is taken, and its rules hold all the same', () => {
  const xml = sampleInvoice({
    form: 'FA (2)',
    sellerNip: '5265877635',
    buyerNip: '1111111111',
    number: 'FV/2',
    issueDate: '2026-11-20',
  })
  const wrong = Buffer.from(Buffer.from(xml).toString().replace('<P_15>4325.91', '<P_15>4325.90'))
  expect(checkInvoice(wrong, PRODUCTION).findings.map(({ code }) => code)).toEqual([
    'INVOICE_FORM_NOT_ACCEPTED_HERE',
    'FA_TOTAL',
  ])
})

test('checksums warn where invented numbers are normal, and are errors on production', () => {
  for (const rule of RULES.filter(({ severity }) => severity === 'error-on-production')) {
    const severities = (environment: 'test' | 'demo' | 'production') =>
      checkInvoice(exampleInvoice(rule.fails), { now: EXAMPLE_NOW, environment })
        .findings.filter(({ code }) => code === rule.code)
        .map(({ severity }) => severity)
    expect([severities('test')[0], severities('demo')[0], severities('production')[0]]).toEqual([
      'warning',
      'warning',
      'error',
    ])
  }
})

test('an invoice with many things wrong hears of all of them at once, errors first, in document order', () => {
  const broken = Buffer.from(exampleInvoice([]))
    .toString()
    .replace('<P_15>339.00', '<P_15>340.00')
    .replace('<Termin>2026-12-04', '<Termin>2026-11-01')
    .replace('<P_11>100.00', '<P_11>90.00')
    .replace('<NIP>1234563218', '<NIP>1234563219')
  const { findings } = checkInvoice(Buffer.from(broken), SETTING)
  expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
    'error FA_SUM_NET_23',
    'error FA_TOTAL',
    'error FA_LINE_NET',
    'warning INVOICE_NIP_CHECKSUM',
    'warning FA_DUE_BEFORE_ISSUE',
  ])
})

test('references in names of 10,000 lines are read, a fault on the last is placed, and the time grows with the lines', () => {
  const invoice = (lines: number, wrong: number) => {
    const row = (n: number) =>
      `<FaWiersz><NrWierszaFa>${n}</NrWierszaFa><P_7>A &amp; B &#353;</P_7><P_8A>szt.</P_8A><P_8B>1</P_8B><P_9A>1.00</P_9A><P_11>${n === wrong ? '1.50' : '1.00'}</P_11><P_12>23</P_12></FaWiersz>`
    const rows = Array.from({ length: lines }, (_, index) => row(index + 1)).join('\n')
    const net = lines + (wrong > 0 ? 0.5 : 0)
    const vat = (lines * 0.23 + (wrong > 0 ? 0.12 : 0)).toFixed(2)
    return Buffer.from(
      Buffer.from(exampleInvoice([]))
        .toString()
        .replace(
          /<P_13_1>.*<\/P_15>/s,
          `<P_13_1>${net.toFixed(2)}</P_13_1><P_14_1>${vat}</P_14_1><P_15>${(net + Number(vat)).toFixed(2)}</P_15>`,
        )
        .replace(/<FaWiersz>.*<\/FaWiersz>/s, rows),
    )
  }
  // An invoice of 10,000 lines is larger than KSeF takes without an attachment, so the small attachment.
  const attached = (xml: Buffer) =>
    Buffer.from(
      xml
        .toString()
        .replace(
          '</Fa>\n',
          '</Fa>\n<Zalacznik><BlokDanych><MetaDane><ZKlucz>a</ZKlucz><ZWartosc>b</ZWartosc></MetaDane></BlokDanych></Zalacznik>',
        ),
    )
  for (const lines of [1_000, 10_000]) {
    const xml = attached(invoice(lines, 0))
    const started = performance.now()
    expect(checkInvoice(xml, SETTING).findings).toEqual([])
    console.info(
      `rules over ${lines} lines (${xml.length} bytes): ${(performance.now() - started).toFixed(0)} ms`,
    )
  }
  const { findings } = checkInvoice(attached(invoice(10_000, 10_000)), SETTING)
  expect(findings).toMatchObject([
    { code: 'FA_LINE_NET', xpath: '/Faktura/Fa/FaWiersz[10000]/P_11', line: 10_009 },
  ])
})

test('docs/RULES.md is what the rules say', () => {
  expect(readFileSync(RULES_PAGE, 'utf8'), 'write it anew: pnpm --filter @ksef-fleet/ksef rules-page').toBe(
    rulesPage(),
  )
})
