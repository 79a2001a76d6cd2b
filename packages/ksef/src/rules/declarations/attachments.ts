import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, type Edit, element } from '../examples/edit-invoice.ts'
import { type Found, type Rule, when } from '../rule.ts'

const FA3: Rule['forms'] = ['FA (3)']

const blocks = ({ root }: Invoice): readonly InvoiceNode[] => root.get('Zalacznik')?.all('BlokDanych') ?? []
const tables = (invoice: Invoice): readonly InvoiceNode[] =>
  blocks(invoice).flatMap((block) => block.all('Tabela'))
const columns = (table: InvoiceNode): readonly InvoiceNode[] => table.get('TNaglowek')?.all('Kol') ?? []

/** What a column of that type may hold; the cells of `txt` hold anything. */
const CELLS: ReadonlyMap<string, RegExp> = new Map([
  ['date', /^\d{4}-\d{2}-\d{2}$/],
  ['datetime', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/],
  ['time', /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/],
  ['dec', /^-?\d+([.,]\d+)?$/],
  ['int', /^-?\d+$/],
])

const widths = (invoice: Invoice, of: { row: string; cell: string }): readonly Found[] =>
  tables(invoice).flatMap((table) => {
    const expected = columns(table).length
    return table.all(of.row).flatMap((row) => {
      const cells = row.all(of.cell).length
      return when(cells !== expected, row, { cells: String(cells), expected: String(expected) })
    })
  })

const cellTypes = (invoice: Invoice): readonly Found[] =>
  tables(invoice).flatMap((table) => {
    const types = columns(table).map((column) => column.attributes['Typ'] ?? 'txt')
    return table.all('Wiersz').flatMap((row) =>
      row.all('WKom').flatMap((cell, index) => {
        const type = types[index] ?? 'txt'
        const isWrong = cell.text !== '' && CELLS.get(type)?.test(cell.text) === false
        return when(isWrong, cell, { value: cell.text, type })
      }),
    )
  })

function repeatedKeys(invoice: Invoice): readonly Found[] {
  return blocks(invoice).flatMap((block) => {
    const seen = new Set<string>()
    return block.all('MetaDane').flatMap((entry) => {
      const key = entry.read('ZKlucz')
      const isRepeated = seen.has(key)
      seen.add(key)
      return when(isRepeated, entry.near('ZKlucz'), { key })
    })
  })
}

const meta = (key: string): string => element('MetaDane', element('ZKlucz', key), element('ZWartosc', '7'))
const cells = (name: string, ...values: readonly string[]): string =>
  values.map((value) => element(name, value)).join('')

const attachment = (of: {
  row?: readonly string[]
  sum?: readonly string[]
  keys?: readonly string[]
}): Edit =>
  after(
    'Fa',
    element(
      'Zalacznik',
      element(
        'BlokDanych',
        ...(of.keys ?? ['Licznik']).map(meta),
        element(
          'Tabela',
          '<TNaglowek><Kol Typ="date"><NKom>Dzień</NKom></Kol><Kol Typ="dec"><NKom>kWh</NKom></Kol></TNaglowek>',
          element('Wiersz', cells('WKom', ...(of.row ?? ['2026-11-01', '12.5']))),
          element('Suma', cells('SKom', ...(of.sum ?? ['', '12.5']))),
        ),
      ),
    ),
  )

export const ATTACHMENTS: readonly Rule[] = [
  {
    code: 'FA_TABLE_ROW_WIDTH',
    severity: 'warning',
    forms: FA3,
    source: 'XSD FA(3), Zalacznik: Tabela/Wiersz i TNaglowek',
    says: {
      pl: 'Wiersz tabeli ma {cells} pól, a nagłówek {expected} kolumn.',
      en: 'A row of the table has {cells} cells, while its heading has {expected} columns.',
    },
    help: {
      pl: 'Podaj tyle pól, ile jest kolumn; puste pole też jest polem.',
      en: 'Give as many cells as there are columns; an empty one is a cell.',
    },
    check: (invoice) => widths(invoice, { row: 'Wiersz', cell: 'WKom' }),
    passes: [attachment({})],
    fails: [attachment({ row: ['2026-11-01'] })],
  },
  {
    code: 'FA_TABLE_SUM_WIDTH',
    severity: 'warning',
    forms: FA3,
    source: 'XSD FA(3), Zalacznik: Tabela/Suma i TNaglowek',
    says: {
      pl: 'Podsumowanie tabeli ma {cells} pól, a nagłówek {expected} kolumn.',
      en: 'The sum of the table has {cells} cells, while its heading has {expected} columns.',
    },
    help: {
      pl: 'Podaj tyle pól, ile jest kolumn; puste pole też jest polem.',
      en: 'Give as many cells as there are columns; an empty one is a cell.',
    },
    check: (invoice) => widths(invoice, { row: 'Suma', cell: 'SKom' }),
    passes: [attachment({})],
    fails: [attachment({ sum: ['12.5'] })],
  },
  {
    code: 'FA_TABLE_CELL_TYPE',
    severity: 'warning',
    forms: FA3,
    source: 'XSD FA(3), Zalacznik: Kol/@Typ',
    says: {
      pl: 'Pole „{value}” stoi w kolumnie typu {type}.',
      en: 'The cell "{value}" stands in a column of type {type}.',
    },
    help: {
      pl: 'Popraw pole albo podaj kolumnie typ txt.',
      en: 'Correct the cell, or give the column the type txt.',
    },
    check: cellTypes,
    passes: [attachment({})],
    fails: [attachment({ row: ['1 listopada', '12.5'] })],
  },
  {
    code: 'FA_ATTACHMENT_KEY_REPEATED',
    severity: 'warning',
    forms: FA3,
    source: 'XSD FA(3), Zalacznik: MetaDane/ZKlucz',
    says: {
      pl: 'Klucz „{key}” powtarza się w bloku danych.',
      en: 'The key "{key}" is repeated within a block.',
    },
    help: { pl: 'Nadaj kluczom różne nazwy.', en: 'Give the keys different names.' },
    check: repeatedKeys,
    passes: [attachment({ keys: ['Licznik', 'Taryfa'] })],
    fails: [attachment({ keys: ['Licznik', 'Licznik'] })],
  },
]
