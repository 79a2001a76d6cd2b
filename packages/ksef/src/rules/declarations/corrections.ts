import { parseKsefNumber, sellerNipOf } from '../../ksef-number.ts'
import { amount, GROSZ, isNear, shown, ZERO } from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { RATE_GROUPS, type RateGroup } from '../document/rate-groups.ts'
import { after, drop, element, numbered, replace, set } from '../examples/edit-invoice.ts'
import { ADVANCE, CORRECTION, correctedInvoice, WRONG_KSEF_NUMBER } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const corrected = ({ fa }: Invoice): readonly InvoiceNode[] => fa.all('DaneFaKorygowanej')

/** Numbers of KSeF 1.0 have 36 characters and another checksum. */
const isNumberOfKsef2 = (number: string): boolean => number.length === 35

const ofNumbers = (
  invoice: Invoice,
  isBroken: (number: string, of: InvoiceNode) => boolean,
): readonly Found[] =>
  corrected(invoice).flatMap((node) => {
    const number = node.read('NrKSeFFaKorygowanej')
    const isRead = isNumberOfKsef2(number)
    return when(isRead && isBroken(number, node), node.near('NrKSeFFaKorygowanej'), {
      number,
      issued: node.read('DataWystFaKorygowanej'),
    })
  })

/** The day KSeF took it, the second part of its number. */
const dayOfNumber = (number: string): string =>
  `${number.slice(11, 15)}-${number.slice(15, 17)}-${number.slice(17, 19)}`

function differences({ fa, kind, lines, linesAreComplete, sums }: Invoice): readonly Found[] {
  if (kind !== 'KOR' || lines.length === 0 || !linesAreComplete) return []
  return (Object.keys(RATE_GROUPS) as RateGroup[]).flatMap((group) => {
    const field = RATE_GROUPS[group].net
    const stated = fa.amount(field) ?? ZERO
    const sum = sums.get(group)
    const difference = sum?.net ?? ZERO
    const tolerance = (sum?.tolerance ?? ZERO).plus(GROSZ)
    return when(!isNear(stated, difference, tolerance), fa.near(field), {
      field,
      stated: shown(stated),
      expected: shown(difference),
    })
  })
}

function repeatedReferences(invoice: Invoice): readonly Found[] {
  const seen = new Set<string>()
  return corrected(invoice).flatMap((node) => {
    const number = node.read('NrFaKorygowanej')
    const isRepeated = seen.has(number)
    seen.add(number)
    return when(isRepeated, node.near('NrFaKorygowanej'), { number })
  })
}

/** With one former buyer and no additional ones it is clear whose data is corrected. */
function buyerNip({ fa, buyer }: Invoice): readonly Found[] {
  const [former, ...others] = fa.all('Podmiot2K')
  const was = former?.read('DaneIdentyfikacyjne/NIP') ?? ''
  const is = buyer.read('DaneIdentyfikacyjne/NIP')
  if (former === undefined || others.length > 0 || former.has('IDNabywcy')) return []
  return when(was !== '' && was !== is, former.near('DaneIdentyfikacyjne/NIP'), { was, is: is || '—' })
}

const FORMER = (party: 'Podmiot1K' | 'Podmiot2K', nip: string): string =>
  element(
    party,
    element('DaneIdentyfikacyjne', element('NIP', nip), element('Nazwa', 'Dawna nazwa')),
    element('Adres', element('KodKraju', 'PL'), element('AdresL1', 'Kraków')),
  )

export const CORRECTIONS: readonly Rule[] = [
  {
    code: 'FA_CORRECTED_MISSING',
    severity: 'error',
    source: 'art. 106j ust. 2 pkt 2 i 2a; XSD FA(3), DaneFaKorygowanej',
    says: {
      pl: 'Korekta ({kind}) nie podaje faktury, którą koryguje.',
      en: 'A correction ({kind}) does not name the invoice it corrects.',
    },
    help: { pl: 'Podaj DaneFaKorygowanej.', en: 'Give DaneFaKorygowanej.' },
    check: (invoice) =>
      when(invoice.isCorrection && corrected(invoice).length === 0, invoice.fa.near('RodzajFaktury'), {
        kind: invoice.kind,
      }),
    passes: CORRECTION,
    fails: [...CORRECTION, drop('DaneFaKorygowanej'), drop('PrzyczynaKorekty'), drop('TypKorekty')],
    alongside: ['FA_CORRECTION_REASON_MISSING', 'FA_CORRECTION_TYPE_MISSING'],
  },
  {
    code: 'FA_CORRECTED_NEEDLESS',
    severity: 'error',
    source:
      'art. 106j ust. 1; XSD FA(3), DaneFaKorygowanej („gdy pole RodzajFaktury przyjmuje wartości KOR, KOR_ZAL lub KOR_ROZ”)',
    says: {
      pl: 'Faktura rodzaju {kind} podaje fakturę korygowaną.',
      en: 'An invoice of kind {kind} names an invoice it corrects.',
    },
    help: {
      pl: 'Usuń DaneFaKorygowanej albo podaj rodzaj KOR.',
      en: 'Remove DaneFaKorygowanej, or give the kind KOR.',
    },
    check: (invoice) => {
      const [first = invoice.fa] = corrected(invoice)
      return when(!invoice.isCorrection && invoice.fa.has('DaneFaKorygowanej'), first, { kind: invoice.kind })
    },
    passes: CORRECTION,
    fails: [after('RodzajFaktury', correctedInvoice())],
  },
  {
    code: 'FA_CORRECTION_REASON_MISSING',
    severity: 'warning',
    source: 'XSD FA(3), PrzyczynaKorekty',
    says: { pl: 'Korekta nie podaje przyczyny.', en: 'The correction gives no reason.' },
    help: {
      pl: 'Podaj PrzyczynaKorekty; ustawa jej nie wymaga, nabywca o nią zapyta.',
      en: 'Give PrzyczynaKorekty; the act does not ask for it, and the buyer will.',
    },
    check: ({ fa, isCorrection }) =>
      when(isCorrection && !fa.has('PrzyczynaKorekty'), fa.near('RodzajFaktury')),
    passes: CORRECTION,
    fails: [...CORRECTION, drop('PrzyczynaKorekty')],
  },
  {
    code: 'FA_CORRECTION_TYPE_MISSING',
    severity: 'warning',
    source: 'art. 29a ust. 13-17, art. 86 ust. 19a; XSD FA(3), TypKorekty',
    says: {
      pl: 'Korekta nie mówi, kiedy wywiera skutek (TypKorekty).',
      en: 'The correction does not say when it takes effect (TypKorekty).',
    },
    help: { pl: 'Podaj TypKorekty: 1, 2 albo 3.', en: 'Give TypKorekty: 1, 2 or 3.' },
    check: ({ fa, isCorrection }) => when(isCorrection && !fa.has('TypKorekty'), fa.near('RodzajFaktury')),
    passes: CORRECTION,
    fails: [...CORRECTION, drop('TypKorekty')],
  },
  {
    code: 'FA_CORRECTED_NUMBER_CHECKSUM',
    severity: 'error-on-production',
    source: 'art. 106j ust. 2 pkt 2a; KSeF, „Numer KSeF”',
    says: {
      pl: 'Numer KSeF {number} faktury korygowanej nie ma poprawnej sumy kontrolnej.',
      en: 'The KSeF number {number} of the corrected invoice fails its checksum.',
    },
    help: { pl: 'Przepisz numer z UPO albo z KSeF.', en: 'Copy the number from the UPO or from KSeF.' },
    check: (invoice) => ofNumbers(invoice, (number) => parseKsefNumber(number) === null),
    passes: CORRECTION,
    fails: [...CORRECTION, set('NrKSeFFaKorygowanej', WRONG_KSEF_NUMBER)],
  },
  {
    code: 'FA_CORRECTED_NUMBER_SELLER',
    severity: 'warning',
    source: 'KSeF, „Numer KSeF” (zaczyna się od NIP-u sprzedawcy)',
    says: {
      pl: 'Numer KSeF {number} faktury korygowanej należy do innego sprzedawcy.',
      en: 'The KSeF number {number} of the corrected invoice is of another seller.',
    },
    help: {
      pl: 'Sprawdź numer; po przejęciu firmy podaj dawnego sprzedawcę w Podmiot1K.',
      en: 'Check the number; after a merger name the former seller in Podmiot1K.',
    },
    check: (invoice) => {
      const { fa, facts } = invoice
      const sellers = [facts.sellerNip, fa.read('Podmiot1K/DaneIdentyfikacyjne/NIP')]
      return ofNumbers(invoice, (number) => {
        const known = parseKsefNumber(number)
        return known !== null && !sellers.includes(sellerNipOf(known))
      })
    },
    passes: CORRECTION,
    fails: [...CORRECTION, set('NrKSeFFaKorygowanej', numbered('1111111111-20261015-0000000000A1'))],
  },
  {
    code: 'FA_CORRECTED_NUMBER_DAY',
    severity: 'warning',
    source: 'KSeF, „Weryfikacja faktury”: walidacja dat',
    says: {
      pl: 'Numer KSeF {number} jest starszy niż data wystawienia faktury korygowanej {issued}.',
      en: 'The KSeF number {number} is older than the date of issue of the corrected invoice, {issued}.',
    },
    help: {
      pl: 'Sprawdź numer i datę faktury korygowanej.',
      en: 'Check number and date of the corrected invoice.',
    },
    check: (invoice) =>
      ofNumbers(invoice, (number, node) => dayOfNumber(number) < node.read('DataWystFaKorygowanej')),
    passes: CORRECTION,
    fails: [...CORRECTION, set('DataWystFaKorygowanej', '2026-10-16')],
  },
  {
    code: 'FA_CORRECTED_LATER',
    severity: 'error',
    source: 'art. 106j ust. 1 i ust. 2 pkt 2; XSD FA(3), DataWystFaKorygowanej',
    says: {
      pl: 'Faktura korygowana ma datę {corrected}, późniejszą niż korekta ({issued}).',
      en: 'The corrected invoice is of {corrected}, later than the correction ({issued}).',
    },
    help: { pl: 'Popraw DataWystFaKorygowanej albo P_1.', en: 'Correct DataWystFaKorygowanej or P_1.' },
    check: (invoice) =>
      corrected(invoice).flatMap((node) => {
        const date = node.read('DataWystFaKorygowanej')
        const { issueDate } = invoice.facts
        return when(date > issueDate, node.near('DataWystFaKorygowanej'), {
          corrected: date,
          issued: issueDate,
        })
      }),
    passes: CORRECTION,
    fails: [
      ...CORRECTION,
      set('DataWystFaKorygowanej', '2026-11-21'),
      set('NrKSeFFaKorygowanej', numbered('5265877635-20261121-0000000000A1')),
    ],
  },
  {
    code: 'FA_CORRECTED_IS_ITSELF',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 2, art. 106j ust. 2 pkt 2; XSD FA(3), NrFaKorygowanej',
    says: {
      pl: 'Korekta {number} podaje jako korygowaną samą siebie.',
      en: 'The correction {number} names itself as what it corrects.',
    },
    help: {
      pl: 'Podaj numer pierwotnej faktury; korekta ma własny.',
      en: 'Name the original invoice; a correction has a number of its own.',
    },
    check: (invoice) =>
      corrected(invoice).flatMap((node) =>
        when(node.says('NrFaKorygowanej', invoice.fa.read('P_2')), node.near('NrFaKorygowanej'), {
          number: invoice.fa.read('P_2'),
        }),
      ),
    passes: CORRECTION,
    fails: [...CORRECTION, set('NrFaKorygowanej', 'FV/1')],
  },
  {
    code: 'FA_CORRECTED_REPEATED',
    severity: 'warning',
    source: 'XSD FA(3), DaneFaKorygowanej',
    says: {
      pl: 'Fakturę korygowaną {number} podano dwa razy.',
      en: 'The corrected invoice {number} is named twice.',
    },
    help: { pl: 'Zostaw jedno DaneFaKorygowanej.', en: 'Keep one DaneFaKorygowanej.' },
    check: repeatedReferences,
    passes: [
      ...CORRECTION,
      after('DaneFaKorygowanej', correctedInvoice('FV/10', numbered('5265877635-20261015-0000000000A2'))),
    ],
    fails: [...CORRECTION, after('DaneFaKorygowanej', correctedInvoice())],
  },
  {
    code: 'FA_CORRECTION_DIFFERENCE',
    severity: 'warning',
    source: 'art. 106j ust. 2 pkt 5; XSD FA(3), Fa („poprzez różnicę”)',
    says: {
      pl: '{field} wynosi {stated}, a różnica wierszy po i przed korektą {expected}.',
      en: '{field} is {stated}, while the lines after and before the correction differ by {expected}.',
    },
    help: {
      pl: 'Wykaż różnicę; wiersze sprzed korekty oznacz StanPrzed = 1.',
      en: 'Show the difference; mark lines of the state before with StanPrzed = 1.',
    },
    check: differences,
    passes: CORRECTION,
    fails: [...CORRECTION, drop('FaWiersz/StanPrzed')],
    alongside: ['FA_LINE_NUMBER_REPEATED'],
  },
  {
    code: 'FA_CORRECTION_BEFORE_ALONE',
    severity: 'warning',
    source: 'art. 106j ust. 2; XSD FA(3), StanPrzed („wykazaniu danych przed korektą i po korekcie”)',
    says: {
      pl: 'Korekta pokazuje tylko stan przed korektą, bez stanu po niej.',
      en: 'The correction shows the state before it only, and none after.',
    },
    help: {
      pl: 'Dodaj wiersze po korekcie; pozycję usuniętą pokaż z ilością 0.',
      en: 'Add the lines after; show what is gone with a quantity of 0.',
    },
    check: ({ lines, isCorrection }) => {
      const [first] = lines
      return first === undefined || !isCorrection
        ? []
        : when(
            lines.every(({ isBefore }) => isBefore),
            first.node,
          )
    },
    passes: CORRECTION,
    fails: [
      ...CORRECTION,
      drop('FaWiersz[2]'),
      set('P_13_1', '-150.00'),
      set('P_14_1', '-34.50'),
      set('P_15', '-184.50'),
    ],
  },
  {
    code: 'FA_CORRECTION_BUYER_NIP',
    severity: 'error',
    source: 'XSD FA(3), Podmiot2K („korekcie nie podlegają błędne numery NIP identyfikujące nabywcę”)',
    says: {
      pl: 'Korekta zmienia NIP nabywcy z {was} na {is}.',
      en: "The correction changes the buyer's NIP from {was} to {is}.",
    },
    help: {
      pl: 'Skoryguj fakturę do zera i wystaw nową z poprawnym NIP-em.',
      en: 'Correct the invoice to zero and issue a new one with the right NIP.',
    },
    check: buyerNip,
    passes: [...CORRECTION, after('DaneFaKorygowanej', FORMER('Podmiot2K', '1234563218'))],
    fails: [...CORRECTION, after('DaneFaKorygowanej', FORMER('Podmiot2K', '1111111111'))],
  },
  {
    code: 'FA_CORRECTION_SELLER_NIP',
    severity: 'error',
    source: 'XSD FA(3), Podmiot1K („pole nie dotyczy przypadku korekty błędnego NIP”)',
    says: {
      pl: 'Korekta zmienia NIP sprzedawcy z {was} na {is}.',
      en: "The correction changes the seller's NIP from {was} to {is}.",
    },
    help: {
      pl: 'Skoryguj fakturę do zera i wystaw nową z poprawnym NIP-em.',
      en: 'Correct the invoice to zero and issue a new one with the right NIP.',
    },
    check: ({ fa, facts }) => {
      const was = fa.read('Podmiot1K/DaneIdentyfikacyjne/NIP')
      const at = fa.near('Podmiot1K/DaneIdentyfikacyjne/NIP')
      return when(was !== '' && was !== facts.sellerNip, at, { was, is: facts.sellerNip })
    },
    passes: [...CORRECTION, after('DaneFaKorygowanej', FORMER('Podmiot1K', '5265877635'))],
    fails: [...CORRECTION, after('DaneFaKorygowanej', FORMER('Podmiot1K', '1111111111'))],
  },
  {
    code: 'FA_CORRECTION_PAYMENT_BEFORE',
    severity: 'warning',
    source: 'XSD FA(3), P_15ZK („w przypadku korekt faktur zaliczkowych”)',
    says: {
      pl: 'Korekta rodzaju {kind} nie podaje kwoty sprzed korekty (P_15ZK).',
      en: 'A correction of kind {kind} does not give the amount before it (P_15ZK).',
    },
    help: { pl: 'Podaj P_15ZK.', en: 'Give P_15ZK.' },
    check: ({ fa, kind }) => {
      const isOfAdvance = kind === 'KOR_ZAL' || kind === 'KOR_ROZ'
      return when(isOfAdvance && !fa.has('P_15ZK'), fa.near('RodzajFaktury'), { kind })
    },
    passes: [...advanceCorrection(), after('DaneFaKorygowanej', element('P_15ZK', '0.00'))],
    fails: advanceCorrection(),
  },
  {
    code: 'FA_CORRECTION_PAYMENT_NEEDLESS',
    severity: 'warning',
    source: 'XSD FA(3), P_15ZK',
    says: {
      pl: 'Korekta rodzaju KOR podaje kwotę zaliczki sprzed korekty (P_15ZK): {stated}.',
      en: 'A correction of kind KOR gives the amount of an advance before it (P_15ZK): {stated}.',
    },
    help: {
      pl: 'Usuń P_15ZK albo podaj rodzaj KOR_ZAL lub KOR_ROZ.',
      en: 'Remove P_15ZK, or give the kind KOR_ZAL or KOR_ROZ.',
    },
    check: ({ fa, kind }) =>
      when(kind === 'KOR' && fa.has('P_15ZK'), fa.near('P_15ZK'), {
        stated: shown(fa.amount('P_15ZK') ?? amount(0)),
      }),
    passes: CORRECTION,
    fails: [...CORRECTION, after('DaneFaKorygowanej', element('P_15ZK', '100.00'))],
  },
]

function advanceCorrection() {
  return [
    ...ADVANCE,
    replace(
      'RodzajFaktury',
      element('RodzajFaktury', 'KOR_ZAL') +
        element('PrzyczynaKorekty', 'zwrot') +
        element('TypKorekty', '2') +
        correctedInvoice(),
    ),
  ]
}
