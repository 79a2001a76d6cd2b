import { expect, test } from 'vitest'
import { FORMS } from '../documents/form-code.ts'
import { validateInvoice } from '../documents/validate-invoice.ts'
import { checkInvoice, EXAMPLE_NOW, exampleInvoice, RULES, type Rule } from './index.ts'

const PRODUCTION = { now: EXAMPLE_NOW, environment: 'production' } as const
const FA3 = FORMS['FA (3)'].code

const found = (rule: Rule, example: 'passes' | 'fails') => {
  const xml = exampleInvoice(rule[example])
  return { schema: validateInvoice(xml, FA3), findings: checkInvoice(xml, PRODUCTION).findings }
}

test('the base invoice has nothing wrong', () => {
  expect(checkInvoice(exampleInvoice([]), PRODUCTION)).toMatchObject({
    facts: { sellerNip: '5265877635', kind: 'VAT', number: 'FV/1' },
    findings: [],
  })
})

test('there are at least sixty rules, each with a code of its own', () => {
  expect(RULES.length).toBeGreaterThanOrEqual(60)
  expect(new Set(RULES.map(({ code }) => code)).size).toBe(RULES.length)
  for (const { code } of RULES) expect(code).toMatch(/^(FA|INVOICE)_[A-Z0-9]+(_[A-Z0-9]+)*$/)
})

test.each(RULES)('$code finds nothing in its passing example, which keeps the schema', (rule) => {
  const { schema, findings } = found(rule, 'passes')
  expect(schema).toEqual([])
  expect(findings.map(({ code, message }) => `${code} ${message.en}`)).toEqual([])
})

test.each(RULES)(
  '$code is what is wrong with its failing example, which keeps the schema, and nothing else is',
  (rule) => {
    const { schema, findings } = found(rule, 'fails')
    expect(schema).toEqual([])
    const codes = new Set(findings.map(({ code }) => code))
    expect([...codes].toSorted(), findings.map(({ message }) => message.en).join('\n')).toEqual(
      [rule.code, ...(rule.alongside ?? [])].toSorted(),
    )
  },
)

test.each(RULES)(
  '$code speaks both languages, with the values of its failing example and its place',
  (rule) => {
    const own = found(rule, 'fails').findings.filter(({ code }) => code === rule.code)
    for (const { message, help, source, line, xpath } of own) {
      for (const words of [message.pl, message.en, help.pl, help.en, source]) {
        expect(words.length).toBeGreaterThan(8)
        expect(words).not.toMatch(/[{}]|undefined|NaN/)
      }
      expect(message.pl).not.toBe(message.en)
      expect(help.pl).not.toBe(help.en)
      expect(line).toBeGreaterThan(1)
      expect(xpath).toMatch(/^\/Faktura(\/\w+(\[\d+\])?)+$/)
    }
    expect(own.length).toBeGreaterThan(0)
  },
)
