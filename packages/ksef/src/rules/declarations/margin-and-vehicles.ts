import type { Invoice } from '../document/invoice.ts'
import { hasSales } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, type Edit, element, set } from '../examples/edit-invoice.ts'
import { INTRA_UNION, MARGIN, untaxed } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'

const vehicles = ({ notes }: Invoice): readonly InvoiceNode[] =>
  notes.get('NoweSrodkiTransportu')?.all('NowySrodekTransportu') ?? []

/** ISO 3779: without I, O and Q, which look like digits. */
const VIN = /^[A-HJ-NPR-Z0-9]{17}$/

const vehicle = (of: { line?: string; used?: string; vin?: string }): Edit =>
  set(
    'NoweSrodkiTransportu',
    element('P_22', '1') +
      element('P_42_5', '2') +
      element(
        'NowySrodekTransportu',
        element('P_22A', of.used ?? '2026-11-01'),
        element('P_NrWierszaNST', of.line ?? '1'),
        element('P_22B', '120'),
        element('P_22B1', of.vin ?? 'WVWZZZ1JZXW000001'),
      ),
  )

export const MARGIN_AND_VEHICLES: readonly Rule[] = [
  {
    code: 'FA_MARGIN_WITHOUT_SUM',
    severity: 'error',
    source: 'art. 106e ust. 2 i 3, art. 119, art. 120; XSD FA(3), P_PMarzy i P_13_11',
    says: {
      pl: 'Adnotacje mówią o procedurze marży (P_PMarzy = 1), a nie ma P_13_11.',
      en: 'The annotations tell of a margin procedure (P_PMarzy = 1), and there is no P_13_11.',
    },
    help: { pl: 'Podaj P_13_11 albo P_PMarzyN = 1.', en: 'Give P_13_11, or P_PMarzyN = 1.' },
    check: ({ fa, isMargin, isCorrection, notes }) =>
      when(isMargin && !isCorrection && !fa.has('P_13_11'), notes.near('PMarzy/P_PMarzy')),
    passes: MARGIN,
    fails: [set('PMarzy', element('P_PMarzy', '1') + element('P_PMarzy_3_1', '1'))],
  },
  {
    code: 'FA_SUM_WITHOUT_MARGIN',
    severity: 'error',
    source: 'art. 106e ust. 2 i 3; XSD FA(3), P_PMarzy i P_13_11',
    says: {
      pl: 'Jest sprzedaż w procedurze marży (P_13_11), a adnotacje mówią, że jej nie ma (P_PMarzyN).',
      en: 'There are sales under a margin procedure (P_13_11), and the annotations say there are none (P_PMarzyN).',
    },
    help: {
      pl: 'Podaj P_PMarzy = 1 i rodzaj procedury: biuro podróży, towary używane, dzieła sztuki albo antyki.',
      en: 'Give P_PMarzy = 1 and which procedure: travel agents, second-hand goods, works of art or antiques.',
    },
    check: ({ fa, isMargin, notes }) =>
      when(!isMargin && fa.amount('P_13_11')?.eq(0) === false, notes.near('PMarzy')),
    passes: MARGIN,
    fails: [...untaxed('zw', 'P_13_11'), set('P_18', '1'), set('FaWiersz/P_12', 'oo')],
    alongside: ['FA_SUM_NET_OO', 'FA_SUM_NET_MARGIN'],
  },
  {
    code: 'FA_MARGIN_LINE_TAX',
    severity: 'warning',
    source: 'art. 106e ust. 2 i 3',
    says: {
      pl: 'Wiersz {line} procedury marży podaje podatek (P_11Vat).',
      en: 'Line {line} under a margin procedure gives its tax (P_11Vat).',
    },
    help: {
      pl: 'Usuń P_11Vat: faktura marży nie pokazuje kwoty podatku.',
      en: 'Remove P_11Vat: an invoice under a margin procedure shows no tax.',
    },
    check: ({ lines }) =>
      lines.flatMap(({ node, number, group, vat }) =>
        when(group === 'margin' && vat !== undefined, node.near('P_11Vat'), { line: number }),
      ),
    passes: MARGIN,
    fails: [...MARGIN, after('P_11A', element('P_11Vat', '18.70'))],
  },
  {
    code: 'FA_VEHICLE_OF_NO_LINE',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 22; XSD FA(3), P_NrWierszaNST',
    says: {
      pl: 'Nowy środek transportu jest z wiersza {line}, którego nie ma.',
      en: 'A new means of transport is said to be on line {line}, which is not there.',
    },
    help: { pl: 'Podaj numer wiersza, w którym go sprzedano.', en: 'Name the line it is sold on.' },
    check: (invoice) => {
      const numbers = new Set(invoice.lines.map(({ number }) => number))
      return vehicles(invoice).flatMap((node) => {
        const line = node.read('P_NrWierszaNST')
        return when(!numbers.has(line), node.near('P_NrWierszaNST'), { line })
      })
    },
    passes: [...INTRA_UNION, vehicle({})],
    fails: [...INTRA_UNION, vehicle({ line: '4' })],
  },
  {
    code: 'FA_VEHICLE_WITHOUT_WDT',
    severity: 'warning',
    source: 'art. 13 ust. 2 pkt 4, art. 106e ust. 1 pkt 22; XSD FA(3), P_22',
    says: {
      pl: 'P_22 = 1 oznacza wewnątrzwspólnotową dostawę, a nie ma sprzedaży „0 WDT”.',
      en: 'P_22 = 1 means an intra-Community supply, and there are no sales at "0 WDT".',
    },
    help: { pl: 'Podaj P_22N = 1 albo stawkę „0 WDT”.', en: 'Give P_22N = 1, or the rate "0 WDT".' },
    check: (invoice) => {
      const { notes, isCorrection } = invoice
      const isClaimed = notes.says('NoweSrodkiTransportu/P_22', '1') && !isCorrection
      return when(
        isClaimed && !hasSales(invoice, '0 WDT', 'P_13_6_2'),
        notes.near('NoweSrodkiTransportu/P_22'),
      )
    },
    forms: ['FA (3)'],
    passes: [...INTRA_UNION, vehicle({})],
    fails: [vehicle({})],
  },
  {
    code: 'FA_VEHICLE_VIN',
    severity: 'warning',
    source: 'XSD FA(3), P_22B1; ISO 3779',
    says: {
      pl: 'VIN {vin} nie ma 17 znaków tego numeru.',
      en: 'The VIN {vin} does not have the 17 characters of one.',
    },
    help: {
      pl: 'Popraw P_22B1; VIN nie zawiera liter I, O i Q.',
      en: 'Correct P_22B1; a VIN has no letters I, O and Q.',
    },
    check: (invoice) =>
      vehicles(invoice).flatMap((node) => {
        const vin = node.read('P_22B1')
        return when(vin !== '' && !VIN.test(vin), node.near('P_22B1'), { vin })
      }),
    passes: [...INTRA_UNION, vehicle({})],
    fails: [...INTRA_UNION, vehicle({ vin: 'WVWZZZ1JZXW00000O' })],
  },
  {
    code: 'FA_VEHICLE_USED_LATER',
    severity: 'warning',
    source: 'art. 2 pkt 10, art. 106e ust. 1 pkt 22; XSD FA(3), P_22A',
    says: {
      pl: 'Środek transportu dopuszczono do użytku {used}, po wystawieniu faktury ({issued}).',
      en: 'The means of transport was first used on {used}, after the date of issue ({issued}).',
    },
    help: { pl: 'Popraw P_22A.', en: 'Correct P_22A.' },
    check: (invoice) =>
      vehicles(invoice).flatMap((node) => {
        const used = node.read('P_22A')
        const { issueDate } = invoice.facts
        return when(used > issueDate, node.near('P_22A'), { used, issued: issueDate })
      }),
    passes: [...INTRA_UNION, vehicle({})],
    fails: [...INTRA_UNION, vehicle({ used: '2026-11-21' })],
  },
]
