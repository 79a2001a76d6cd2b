import { hasSales, type Invoice } from '../document/invoice.ts'
import { drop, element, replace, set } from '../examples/edit-invoice.ts'
import { GERMAN_BUYER, INTRA_UNION, NOT_BUSINESS, SIMPLIFIED, untaxed } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'

/** The invoice names the buyer by a VAT number of another member state. */
export const hasForeignUnionBuyer = ({ buyer }: Invoice): boolean => {
  const country = buyer.read('DaneIdentyfikacyjne/KodUE')
  return country !== '' && country !== 'PL'
}

/** A new means of transport is an intra-Community supply also to who has no number (art. 13 ust. 2 pkt 4). */
const isOfVehicles = ({ notes }: Invoice): boolean => notes.says('NoweSrodkiTransportu/P_22', '1')

/** Prefixes of VIES that are no country codes. */
const COUNTRY_OF_PREFIX = new Map([
  ['EL', 'GR'],
  ['XI', 'GB'],
])

export const BUYER: readonly Rule[] = [
  {
    code: 'FA_BUYER_NAME_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 3 i ust. 5 pkt 3; XSD FA(3), Podmiot2/DaneIdentyfikacyjne/Nazwa',
    says: { pl: 'Nabywca nie ma nazwy.', en: 'The buyer has no name.' },
    help: {
      pl: 'Podaj Nazwa; pominąć ją może tylko faktura uproszczona (UPR).',
      en: 'Give Nazwa; only a simplified invoice (UPR) goes without.',
    },
    check: ({ buyer, kind }) =>
      when(kind !== 'UPR' && !buyer.has('DaneIdentyfikacyjne/Nazwa'), buyer.near('DaneIdentyfikacyjne')),
    passes: [...SIMPLIFIED, drop('Podmiot2/Nazwa')],
    fails: [drop('Podmiot2/Nazwa')],
  },
  {
    code: 'FA_BUYER_ADDRESS_MISSING',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 3 i ust. 5 pkt 3; XSD FA(3), Podmiot2/Adres',
    says: { pl: 'Nabywca nie ma adresu.', en: 'The buyer has no address.' },
    help: {
      pl: 'Podaj Adres; pominąć go może tylko faktura uproszczona (UPR).',
      en: 'Give Adres; only a simplified invoice (UPR) goes without.',
    },
    check: ({ buyer, kind }) => when(kind !== 'UPR' && !buyer.has('Adres'), buyer),
    passes: [...SIMPLIFIED, drop('Podmiot2/Adres')],
    fails: [drop('Podmiot2/Adres')],
  },
  {
    code: 'FA_BUYER_IS_SELLER',
    severity: 'warning',
    source: 'art. 106b ust. 1; XSD FA(3), Podmiot2',
    says: {
      pl: 'Nabywca i sprzedawca mają ten sam NIP {nip}.',
      en: 'Buyer and seller have the same NIP, {nip}.',
    },
    help: {
      pl: 'Sprawdź nabywcę; jednostki wewnętrzne podaje się w Podmiot3.',
      en: 'Check the buyer; units within one taxpayer belong into Podmiot3.',
    },
    check: ({ buyer, facts }) =>
      when(buyer.says('DaneIdentyfikacyjne/NIP', facts.sellerNip), buyer.near('DaneIdentyfikacyjne/NIP'), {
        nip: facts.sellerNip,
      }),
    passes: [],
    fails: [set('Podmiot2/NIP', '5265877635')],
  },
  {
    code: 'FA_BUYER_COUNTRY_DIFFERS',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 3 i 24; XSD FA(3), KodUE i KodKraju',
    says: {
      pl: 'Numer VAT nabywcy jest z kraju {prefix}, a adres z kraju {country}.',
      en: "The buyer's VAT number is of {prefix}, the address of {country}.",
    },
    help: {
      pl: 'Sprawdź prefiks i kraj adresu; bywają różne, lecz rzadko.',
      en: 'Check prefix and country; they may differ, and rarely do.',
    },
    check: ({ buyer }) => {
      const [prefix, country] = [buyer.read('DaneIdentyfikacyjne/KodUE'), buyer.read('Adres/KodKraju')]
      const differs = prefix !== '' && country !== '' && (COUNTRY_OF_PREFIX.get(prefix) ?? prefix) !== country
      return when(differs, buyer.near('Adres/KodKraju'), { prefix, country })
    },
    passes: GERMAN_BUYER,
    fails: [...GERMAN_BUYER, set('Podmiot2/KodKraju', 'FR')],
  },
  {
    code: 'FA_WDT_BUYER_NUMBER',
    severity: 'error',
    source: 'art. 42 ust. 1 pkt 1, art. 106e ust. 1 pkt 24 lit. b; XSD FA(3), P_13_6_2',
    says: {
      pl: 'Jest wewnątrzwspólnotowa dostawa towarów, a nabywca nie ma numeru VAT innego kraju Unii.',
      en: 'There is an intra-Community supply, and the buyer has no VAT number of another member state.',
    },
    help: { pl: 'Podaj KodUE i NrVatUE nabywcy.', en: "Give the buyer's KodUE and NrVatUE." },
    check: (invoice) =>
      when(
        hasSales(invoice, '0 WDT', 'P_13_6_2') && !hasForeignUnionBuyer(invoice) && !isOfVehicles(invoice),
        invoice.buyer.near('DaneIdentyfikacyjne'),
      ),
    passes: INTRA_UNION,
    fails: [...INTRA_UNION, replace('KodUE', ''), replace('NrVatUE', element('BrakID', '1'))],
  },
  {
    code: 'FA_WDT_SELLER_PREFIX',
    severity: 'error',
    source: 'art. 97 ust. 10 pkt 2 i 3, art. 106e ust. 1 pkt 24 lit. a; XSD FA(3), PrefiksPodatnika',
    says: {
      pl: 'Sprzedaż do Unii wymaga numeru sprzedawcy z prefiksem PL, a brakuje PrefiksPodatnika.',
      en: "Sales within the Union need the seller's number with its prefix PL; PrefiksPodatnika is missing.",
    },
    help: { pl: 'Dodaj PrefiksPodatnika = PL do Podmiot1.', en: 'Add PrefiksPodatnika = PL to Podmiot1.' },
    check: (invoice) => {
      const { seller, notes } = invoice
      const isWithinUnion =
        hasSales(invoice, '0 WDT', 'P_13_6_2') ||
        hasSales(invoice, 'np II', 'P_13_9') ||
        notes.says('P_23', '1')
      return when(isWithinUnion && !seller.has('PrefiksPodatnika'), seller)
    },
    passes: INTRA_UNION,
    fails: [...INTRA_UNION, drop('PrefiksPodatnika')],
  },
  {
    code: 'FA_UNION_SERVICE_BUYER_NUMBER',
    severity: 'error',
    source: 'art. 100 ust. 1 pkt 4, art. 106e ust. 1 pkt 24; XSD FA(3), P_13_9',
    says: {
      pl: 'Jest usługa z art. 100 ust. 1 pkt 4 (P_13_9), a nabywca nie ma numeru VAT innego kraju Unii.',
      en: 'There is a service of art. 100 ust. 1 pkt 4 (P_13_9), and the buyer has no VAT number of another member state.',
    },
    help: {
      pl: 'Podaj KodUE i NrVatUE nabywcy albo wykaż usługę jako „np I”.',
      en: 'Give the buyer\'s KodUE and NrVatUE, or show the service as "np I".',
    },
    check: (invoice) =>
      when(
        hasSales(invoice, 'np II', 'P_13_9') && !hasForeignUnionBuyer(invoice),
        invoice.buyer.near('DaneIdentyfikacyjne'),
      ),
    passes: [...GERMAN_BUYER, ...untaxed('np II', 'P_13_9'), set('P_18', '1')],
    fails: [
      ...GERMAN_BUYER,
      ...untaxed('np II', 'P_13_9'),
      set('P_18', '1'),
      replace('KodUE', ''),
      replace('NrVatUE', element('BrakID', '1')),
    ],
  },
  {
    code: 'FA_EXPORT_WITHIN_UNION',
    severity: 'warning',
    source: 'art. 2 pkt 8; XSD FA(3), P_13_6_3',
    says: {
      pl: 'Jest eksport towarów (P_13_6_3), a nabywca ma numer VAT kraju Unii {country}.',
      en: 'There is an export of goods (P_13_6_3), and the buyer has a VAT number of the member state {country}.',
    },
    help: {
      pl: 'Sprawdź, czy towar opuszcza Unię; dostawa do innego kraju Unii to „0 WDT”.',
      en: 'Check that the goods leave the Union; a supply to another member state is "0 WDT".',
    },
    check: (invoice) =>
      when(
        hasSales(invoice, '0 EX', 'P_13_6_3') && hasForeignUnionBuyer(invoice),
        invoice.buyer.near('DaneIdentyfikacyjne/KodUE'),
        { country: invoice.buyer.read('DaneIdentyfikacyjne/KodUE') },
      ),
    passes: untaxed('0 EX', 'P_13_6_3'),
    fails: [...GERMAN_BUYER, ...untaxed('0 EX', 'P_13_6_3')],
  },
  {
    code: 'FA_WITH_RECEIPT_WITHOUT_NIP',
    severity: 'warning',
    source: 'art. 106b ust. 5, art. 109 ust. 3d; XSD FA(3), FP',
    says: {
      pl: 'Faktura do paragonu (FP) jest dla nabywcy z numerem {number}, który nie jest NIP-em.',
      en: 'An invoice to a receipt (FP) is for a buyer by the number {number}, which is no NIP.',
    },
    help: {
      pl: 'Faktura do paragonu dla podatnika wymaga jego NIP na paragonie; sprawdź nabywcę.',
      en: "For a taxpayer it needs the taxpayer's NIP on the receipt; check the buyer.",
    },
    check: ({ fa, buyer }) => {
      const number = buyer.read('DaneIdentyfikacyjne/NrVatUE') || buyer.read('DaneIdentyfikacyjne/NrID')
      return when(fa.says('FP', '1') && number !== '', fa.near('FP'), { number })
    },
    passes: [...NOT_BUSINESS, replace('RodzajFaktury', element('RodzajFaktury', 'VAT') + element('FP', '1'))],
    fails: [...GERMAN_BUYER, replace('RodzajFaktury', element('RodzajFaktury', 'VAT') + element('FP', '1'))],
  },
]
