import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, before, element, set } from '../examples/edit-invoice.ts'
import { ADVANCE, CORRECTION } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

/** Those whose key came before; the state before a correction and the one after are numbered apart. */
function repeated(
  nodes: readonly InvoiceNode[],
  of: { field: string; beforeFlag: string },
): readonly Found[] {
  const seen = new Set<string>()
  return nodes.flatMap((node) => {
    const value = node.read(of.field)
    const key = `${node.read(of.beforeFlag)} ${value}`
    const isRepeated = value !== '' && seen.has(key)
    seen.add(key)
    return when(isRepeated, node.near(of.field), { value })
  })
}

const orderLines = ({ fa }: Invoice): readonly InvoiceNode[] =>
  fa.get('Zamowienie')?.all('ZamowienieWiersz') ?? []
const nodesOf = ({ lines }: Invoice): readonly InvoiceNode[] => lines.map(({ node }) => node)

/** The first line out of turn; those behind it follow from it. */
function outOfOrder({ lines, isCorrection }: Invoice): readonly Found[] {
  const index = lines.findIndex(({ number }, position) => Number(number) !== position + 1)
  const line = lines[index]
  if (line === undefined || isCorrection) return []
  return when(true, line.node.near('NrWierszaFa'), { value: line.number, expected: String(index + 1) })
}

function notesOfNoLine(invoice: Invoice): readonly Found[] {
  const numbers = new Set([
    ...invoice.lines.map(({ number }) => number),
    ...orderLines(invoice).map((node) => node.read('NrWierszaZam')),
  ])
  return invoice.fa.all('DodatkowyOpis').flatMap((note) => {
    const value = note.read('NrWiersza')
    return when(value !== '' && !numbers.has(value), note.near('NrWiersza'), { value })
  })
}

const NOTE = (number: string): string =>
  element('DodatkowyOpis', element('NrWiersza', number), element('Klucz', 'Partia'), element('Wartosc', '7'))

export const LINE_NUMBERS: readonly Rule[] = [
  {
    code: 'FA_LINE_NUMBER_REPEATED',
    severity: 'error',
    source: 'XSD FA(3), NrWierszaFa',
    says: {
      pl: 'Numer wiersza {value} powtarza się.',
      en: 'The line number {value} is repeated.',
    },
    help: { pl: 'Nadaj każdemu wierszowi własny numer.', en: 'Give each line a number of its own.' },
    // A correction of several invoices may name a line of the same number of each.
    check: (invoice) =>
      invoice.fa.all('DaneFaKorygowanej').length > 1
        ? []
        : repeated(nodesOf(invoice), { field: 'NrWierszaFa', beforeFlag: 'StanPrzed' }),
    passes: CORRECTION,
    fails: [set('FaWiersz[2]/NrWierszaFa', '1')],
    alongside: ['FA_LINE_NUMBER_ORDER'],
  },
  {
    code: 'FA_LINE_NUMBER_ORDER',
    severity: 'warning',
    source: 'XSD FA(3), NrWierszaFa („kolejny numer wiersza”)',
    says: {
      pl: 'Wiersz ma numer {value} tam, gdzie kolejny byłby {expected}.',
      en: 'A line has the number {value} where {expected} would be the next.',
    },
    help: { pl: 'Ponumeruj wiersze kolejno od 1.', en: 'Number the lines one by one from 1.' },
    check: outOfOrder,
    passes: [],
    fails: [set('FaWiersz[2]/NrWierszaFa', '3')],
  },
  {
    code: 'FA_LINE_ID_REPEATED',
    severity: 'warning',
    source: 'XSD FA(3), UU_ID',
    says: {
      pl: 'Identyfikator wiersza (UU_ID) {value} powtarza się.',
      en: 'The line id (UU_ID) {value} is repeated.',
    },
    help: {
      pl: 'UU_ID ma być unikalny; po nim rozpoznaje się wiersz w korekcie.',
      en: 'UU_ID is to be unique; a correction names a line by it.',
    },
    check: (invoice) => repeated(nodesOf(invoice), { field: 'UU_ID', beforeFlag: 'StanPrzed' }),
    passes: [
      after('FaWiersz[2]/NrWierszaFa', element('UU_ID', 'b')),
      after('FaWiersz/NrWierszaFa', element('UU_ID', 'a')),
    ],
    fails: [
      after('FaWiersz[2]/NrWierszaFa', element('UU_ID', 'a')),
      after('FaWiersz/NrWierszaFa', element('UU_ID', 'a')),
    ],
  },
  {
    code: 'FA_ORDER_LINE_NUMBER_REPEATED',
    severity: 'error',
    source: 'XSD FA(3), NrWierszaZam',
    says: {
      pl: 'Numer wiersza zamówienia {value} powtarza się.',
      en: 'The number {value} of an order line is repeated.',
    },
    help: { pl: 'Nadaj każdemu wierszowi własny numer.', en: 'Give each line a number of its own.' },
    check: (invoice) => repeated(orderLines(invoice), { field: 'NrWierszaZam', beforeFlag: 'StanPrzedZ' }),
    passes: ADVANCE,
    fails: [
      ...ADVANCE,
      after(
        'ZamowienieWiersz',
        '<ZamowienieWiersz><NrWierszaZam>1</NrWierszaZam><P_7Z>Dowóz</P_7Z></ZamowienieWiersz>',
      ),
    ],
  },
  {
    code: 'FA_NOTE_OF_NO_LINE',
    severity: 'warning',
    source: 'XSD FA(3), DodatkowyOpis/NrWiersza',
    says: {
      pl: 'DodatkowyOpis mówi o wierszu {value}, którego nie ma.',
      en: 'DodatkowyOpis speaks of line {value}, which is not there.',
    },
    help: {
      pl: 'Podaj numer istniejącego wiersza albo usuń NrWiersza.',
      en: 'Name a line that is there, or remove NrWiersza.',
    },
    check: notesOfNoLine,
    passes: [before('FaWiersz', NOTE('2'))],
    fails: [before('FaWiersz', NOTE('7'))],
  },
]
