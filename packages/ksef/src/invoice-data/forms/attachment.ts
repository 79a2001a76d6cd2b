import { many, may, must } from '../grammar/fields.ts'
import { body, named } from '../grammar/part.ts'
import { text, word } from '../grammar/values.ts'

const CELL = text(256, 0)
const COLUMNS_MAX = 20
const MANY = 1_000

const metadata = (element: string, names: { key: string; value: string }) =>
  many(
    element,
    body({ key: must(names.key, text(256), 'Key'), value: must(names.value, text(256), 'Value') }),
    { max: MANY, says: 'What describes it' },
  )

const cells = (element: string) => many(element, CELL, { max: COLUMNS_MAX, says: 'Cells' })

const TYPES = word(['date', 'datetime', 'dec', 'int', 'time', 'txt'])
const heading = body({ name: must('NKom', CELL, 'Heading'), type: must('Typ', TYPES, 'Type of the cells') })
const { name } = heading.shape ?? {}

/** The type of a column is an attribute, not an element. */
const column: typeof heading = {
  ...heading,
  shape: name === undefined ? {} : { name },
  attributes: ({ type }) => ({ Typ: type }),
  write: (data, pointer) => name?.write(data.name, `${pointer}/name`) ?? [],
  read(element) {
    const named = heading.read({ ...element, content: element.content })
    return { ...Object(named), type: element.attributes?.['Typ'] }
  },
}

const table = body({
  metadata: metadata('TMetaDane', { key: 'TKlucz', value: 'TWartosc' }),
  description: may('Opis', text(512), 'Description'),
  columns: wrapped('TNaglowek', many('Kol', column, { max: COLUMNS_MAX, says: 'Columns' })),
  rows: many('Wiersz', body({ cells: cells('WKom') }), { max: MANY, says: 'Rows' }),
  sums: wrapped('Suma', cells('SKom')),
})

function wrapped<P extends { inside: readonly string[] }>(element: string, part: P): P {
  return { ...part, inside: [element, ...part.inside] }
}

/** Data the invoice could not hold, in blocks with tables. It sends an invoice by batch. */
export const attachment = named(
  'InvoiceAttachment',
  body({
    blocks: many(
      'BlokDanych',
      body({
        heading: may('ZNaglowek', text(512), 'Heading'),
        metadata: metadata('MetaDane', { key: 'ZKlucz', value: 'ZWartosc' }),
        paragraphs: wrapped('Tekst', many('Akapit', text(512), { max: 10, says: 'Paragraphs' })),
        tables: many('Tabela', table, { max: MANY, says: 'Tables' }),
      }),
      { max: MANY, says: 'Blocks' },
    ),
  }),
)
