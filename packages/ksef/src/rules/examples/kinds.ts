/** Changes that make the base invoice one of another kind, or of another buyer or rate; lawful ones, for examples to start from. */
import { after, before, drop, type Edit, element, numbered, replace, set } from './edit-invoice.ts'

export const KSEF_NUMBER = numbered('5265877635-20261015-0000000000A1')
/** The same with a checksum that is not its own. */
export const WRONG_KSEF_NUMBER = `${KSEF_NUMBER.slice(0, -2)}${KSEF_NUMBER.endsWith('00') ? '01' : '00'}`

export const correctedInvoice = (number = 'FV/9', ksefNumber = KSEF_NUMBER): string =>
  element(
    'DaneFaKorygowanej',
    element('DataWystFaKorygowanej', '2026-10-15'),
    element('NrFaKorygowanej', number),
    element('NrKSeF', '1'),
    element('NrKSeFFaKorygowanej', ksefNumber),
  )

/** The first line is seen before and after: 150.00 became 100.00. Only differences are summed up. */
export const CORRECTION: readonly Edit[] = [
  set('RodzajFaktury', 'KOR'),
  after(
    'RodzajFaktury',
    element('PrzyczynaKorekty', 'zwrot') + element('TypKorekty', '2') + correctedInvoice(),
  ),
  set('P_13_1', '-50.00'),
  set('P_14_1', '-11.50'),
  drop('P_13_2'),
  drop('P_14_2'),
  set('P_15', '-61.50'),
  drop('FaWiersz[2]'),
  before(
    'FaWiersz',
    '<FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>Najem rusztowania</P_7><P_8A>szt.</P_8A><P_8B>3</P_8B><P_9A>50.00</P_9A><P_11>150.00</P_11><P_12>23</P_12><StanPrzed>1</StanPrzed></FaWiersz>',
  ),
]

/** 369.00 paid in advance for an order of 1,230.00. */
export const ADVANCE: readonly Edit[] = [
  set('RodzajFaktury', 'ZAL'),
  set('P_13_1', '300.00'),
  set('P_14_1', '69.00'),
  drop('P_13_2'),
  drop('P_14_2'),
  set('P_15', '369.00'),
  drop('FaWiersz[2]'),
  drop('FaWiersz'),
  after(
    'Platnosc',
    element(
      'Zamowienie',
      element('WartoscZamowienia', '1230.00'),
      '<ZamowienieWiersz><NrWierszaZam>1</NrWierszaZam><P_7Z>Rusztowanie</P_7Z><P_8AZ>szt.</P_8AZ><P_8BZ>2</P_8BZ><P_9AZ>500.00</P_9AZ><P_11NettoZ>1000.00</P_11NettoZ><P_11VatZ>230.00</P_11VatZ><P_12Z>23</P_12Z></ZamowienieWiersz>',
    ),
  ),
]

/** What is left to pay of the base invoice after an advance of 123.00. */
export const SETTLEMENT: readonly Edit[] = [
  set('RodzajFaktury', 'ROZ'),
  drop('P_13_1'),
  drop('P_14_1'),
  set('P_15', '216.00'),
  before('FaWiersz', element('FakturaZaliczkowa', element('NrKSeFFaZaliczkowej', KSEF_NUMBER))),
]

export const SIMPLIFIED: readonly Edit[] = [set('RodzajFaktury', 'UPR')]

/** At 4.0000 PLN for a euro. */
export const IN_EURO: readonly Edit[] = [
  set('KodWaluty', 'EUR'),
  after('P_14_1', element('P_14_1W', '92.00')),
  after('P_14_2', element('P_14_2W', '64.00')),
  after('FaWiersz[2]/P_12', element('KursWaluty', '4.0000')),
  after('FaWiersz/P_12', element('KursWaluty', '4.0000')),
]

const onlyNet = (field: string): readonly Edit[] => [
  drop('P_14_1'),
  drop('P_13_2'),
  drop('P_14_2'),
  replace('P_13_1', element(field, '100.00')),
  set('P_15', '100.00'),
  drop('FaWiersz[2]'),
]

/** One line of 100.00 at a rate without VAT, summed up in `field`. */
export const untaxed = (rate: string, field: string): readonly Edit[] => [
  ...onlyNet(field),
  set('FaWiersz/P_12', rate),
]

export const EXEMPT: readonly Edit[] = [
  ...untaxed('zw', 'P_13_7'),
  set('Zwolnienie', element('P_19', '1') + element('P_19A', 'art. 43 ust. 1 pkt 37')),
]

/** One line of 100.00 without a rate. */
export const MARGIN: readonly Edit[] = [
  ...onlyNet('P_13_11'),
  replace('FaWiersz/P_12', ''),
  replace('FaWiersz/P_9A', element('P_9B', '50.00')),
  replace('FaWiersz/P_11', element('P_11A', '100.00')),
  set('PMarzy', element('P_PMarzy', '1') + element('P_PMarzy_3_1', '1')),
]

/** A German buyer, and the seller's prefix for trade within the Union. */
export const GERMAN_BUYER: readonly Edit[] = [
  before('Podmiot1/DaneIdentyfikacyjne', element('PrefiksPodatnika', 'PL')),
  replace('Podmiot2/NIP', element('KodUE', 'DE') + element('NrVatUE', '136695976')),
  set('Podmiot2/KodKraju', 'DE'),
]

export const INTRA_UNION: readonly Edit[] = [...GERMAN_BUYER, ...untaxed('0 WDT', 'P_13_6_2')]

/** Sold by gross prices: the same amounts. */
export const BY_GROSS: readonly Edit[] = [
  replace('FaWiersz[2]/P_11', element('P_11A', '216.00')),
  replace('FaWiersz[2]/P_9A', element('P_9B', '216.00')),
  replace('FaWiersz/P_11', element('P_11A', '123.00')),
  replace('FaWiersz/P_9A', element('P_9B', '61.50')),
]

/** A third party with that role; `identity` in the place of its NIP. */
export const thirdParty = (role: string, more: { identity?: string; share?: string } = {}): Edit =>
  after(
    'Podmiot2',
    element(
      'Podmiot3',
      element(
        'DaneIdentyfikacyjne',
        more.identity ?? element('NIP', '1111111111'),
        element('Nazwa', 'Trzeci'),
      ),
      element('Rola', role),
      more.share === undefined ? '' : element('Udzial', more.share),
    ),
  )

export const NOT_BUSINESS: readonly Edit[] = [replace('Podmiot2/NIP', element('BrakID', '1'))]
