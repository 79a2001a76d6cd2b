/** What all forms have: their heading, notes and footer. */
import * as z from 'zod'
import { FORMS, type SystemCode } from '../../documents/form-code.ts'
import { many, may, must, within } from '../grammar/fields.ts'
import { body, named, type Part, type Value } from '../grammar/part.ts'
import { matching, moment, natural, text, verbatim } from '../grammar/values.ts'
import { withAttributes, xmlElement } from '../grammar/xml-element.ts'

const VARIANTS = { 'FA (2)': '2', 'FA (3)': '3', 'FA_RR (1)': '1' } as const satisfies Record<
  SystemCode,
  string
>

/** The form's own code: two elements that never differ. */
function formPart<const Code extends SystemCode>(
  systemCode: Code,
): Part<z.ZodExactOptional<z.ZodLiteral<Code>>> {
  const { value, schemaVersion } = FORMS[systemCode].code
  const attributes = { kodSystemowy: systemCode, wersjaSchemy: schemaVersion }
  return {
    schema: z
      .literal(systemCode)
      .meta({ description: 'The form (KodFormularza, WariantFormularza)' })
      .exactOptional(),
    inside: [],
    elements: ['KodFormularza', 'WariantFormularza'].map((name) => ({ name, shape: null })),
    write: (_, pointer) => [
      withAttributes(xmlElement('KodFormularza', value, pointer), attributes),
      xmlElement('WariantFormularza', VARIANTS[systemCode], pointer),
    ],
    read(from) {
      for (const name of ['KodFormularza', 'WariantFormularza']) from.take(name)
      return systemCode
    },
  }
}

export const heading = <const Code extends SystemCode>(systemCode: Code) =>
  within('Naglowek', {
    form: formPart(systemCode),
    createdAt: may('DataWytworzeniaFa', moment, 'When the document was made; now when left out'),
    systemInfo: may('SystemInfo', text(256), 'The program that made it'),
  })

export const notes = many(
  'DodatkowyOpis',
  body({
    line: may('NrWiersza', natural, 'Number of the line it is about'),
    key: must('Klucz', text(256), 'Key'),
    value: must('Wartosc', text(256), 'Value'),
  }),
  { max: 10_000, says: 'Whatever else belongs on the invoice' },
)

const footerText: Value<z.ZodString> = (() => {
  const shown = body({ text: may('StopkaFaktury', verbatim(3500), 'Text') })
  return {
    schema: verbatim(3500).schema,
    shape: shown.shape,
    write: (words, pointer) => [xmlElement('StopkaFaktury', words, pointer)],
    read: (element) => Object(shown.read(element)).text ?? '',
  }
})()

export const footer = named(
  'InvoiceFooter',
  body({
    texts: many('Informacje', footerText, { max: 3, says: 'Texts' }),
    registers: many(
      'Rejestry',
      body({
        fullName: may('PelnaNazwa', text(256), 'Full name'),
        krs: may('KRS', matching(/^\d{10}$/, 'a KRS number, ten digits'), 'KRS number'),
        regon: may('REGON', matching(/^(\d{9}|\d{14})$/, 'a REGON number, 9 or 14 digits'), 'REGON number'),
        bdo: may('BDO', text(9), 'BDO number'),
      }),
      { max: 100, says: 'Numbers in registers' },
    ),
  }),
)
