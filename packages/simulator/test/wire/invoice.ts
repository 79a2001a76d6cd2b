/** A small FA(3) invoice that the official schema accepts; each part that a test varies is an argument. */
export type Draft = {
  sellerNip?: string
  buyerNip?: string
  number?: string
  kind?: string
  issueDate?: string
  /** Between the declaration and the root. */
  beforeRoot?: string
  declaration?: string
  itemName?: string
  currency?: string
  gross?: string
  isSelfInvoicing?: boolean
  hasAttachment?: boolean
  /** NIPs of parties in the roles Podmiot3 and PodmiotUpowazniony. */
  thirdNip?: string
  authorizedNip?: string
}

let drafted = 0

export const nextNumber = (): string => {
  drafted += 1
  return `FV/${drafted}/2026`
}

const address = '<Adres><KodKraju>PL</KodKraju><AdresL1>Kutno, Polna 2</AdresL1></Adres>'
const party = (nip: string) =>
  `<DaneIdentyfikacyjne><NIP>${nip}</NIP><Nazwa>Inny Podmiot</Nazwa></DaneIdentyfikacyjne>`

function otherParties({ thirdNip, authorizedNip }: Draft): string {
  const third =
    thirdNip === undefined ? '' : `<Podmiot3>${party(thirdNip)}${address}<Rola>4</Rola></Podmiot3>`
  const authorized =
    authorizedNip === undefined
      ? ''
      : `<PodmiotUpowazniony>${party(authorizedNip)}${address}<RolaPU>3</RolaPU></PodmiotUpowazniony>`
  return third + authorized
}

const ATTACHMENT =
  '<Zalacznik><BlokDanych><MetaDane><ZKlucz>licznik</ZKlucz><ZWartosc>7</ZWartosc></MetaDane></BlokDanych></Zalacznik>'

/** A small FA_RR(1) invoice: the supplier is Podmiot1, the buyer who writes it Podmiot2. */
export function invoiceRrXml({ supplierNip, buyerNip }: { supplierNip: string; buyerNip: string }): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?><Faktura xmlns="http://crd.gov.pl/wzor/2026/03/06/14189/"><Naglowek>',
    '<KodFormularza kodSystemowy="FA_RR (1)" wersjaSchemy="1-1E">FA_RR</KodFormularza><WariantFormularza>1</WariantFormularza>',
    '<DataWytworzeniaFa>2026-11-20T08:00:00Z</DataWytworzeniaFa></Naglowek>',
    `<Podmiot1>${party(supplierNip)}${address}</Podmiot1><Podmiot2>${party(buyerNip)}${address}</Podmiot2>`,
    `<FakturaRR><KodWaluty>PLN</KodWaluty><P_4B>2026-11-20</P_4B><P_4C>${nextNumber()}</P_4C>`,
    '<P_11_1>100.00</P_11_1><P_11_2>7.00</P_11_2><P_12_1>107.00</P_12_1><P_12_2>sto siedem złotych</P_12_2>',
    '<RodzajFaktury>VAT_RR</RodzajFaktury></FakturaRR></Faktura>',
  ].join('')
}

export function invoiceXml(draft: Draft = {}): string {
  const { sellerNip = '5265877635', buyerNip = '7980332920', issueDate = '2026-11-20', kind = 'VAT' } = draft
  return [
    draft.declaration ?? '<?xml version="1.0" encoding="UTF-8"?>',
    draft.beforeRoot ?? '',
    '<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/"><Naglowek>',
    '<KodFormularza kodSystemowy="FA (3)" wersjaSchemy="1-0E">FA</KodFormularza><WariantFormularza>3</WariantFormularza>',
    '<DataWytworzeniaFa>2026-11-20T08:00:00Z</DataWytworzeniaFa></Naglowek>',
    `<Podmiot1><DaneIdentyfikacyjne><NIP>${sellerNip}</NIP><Nazwa>Młyn Żółty sp. z o.o.</Nazwa></DaneIdentyfikacyjne>`,
    '<Adres><KodKraju>PL</KodKraju><AdresL1>Łódź, Piotrkowska 1</AdresL1></Adres></Podmiot1>',
    `<Podmiot2><DaneIdentyfikacyjne><NIP>${buyerNip}</NIP><Nazwa>Piekarnia &amp; Syn</Nazwa></DaneIdentyfikacyjne>`,
    '<JST>2</JST><GV>2</GV></Podmiot2>',
    otherParties(draft),
    `<Fa><KodWaluty>${draft.currency ?? 'PLN'}</KodWaluty><P_1>${issueDate}</P_1><P_2>${draft.number ?? nextNumber()}</P_2>`,
    `<P_13_1>100.10</P_13_1><P_14_1>23.02</P_14_1><P_15>${draft.gross ?? '123.12'}</P_15>`,
    `<Adnotacje><P_16>2</P_16><P_17>${draft.isSelfInvoicing === true ? 1 : 2}</P_17>`,
    '<P_18>2</P_18><P_18A>2</P_18A><Zwolnienie><P_19N>1</P_19N></Zwolnienie>',
    '<NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23>',
    '<PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>',
    `<RodzajFaktury>${kind}</RodzajFaktury>`,
    `<FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>${draft.itemName ?? 'Mąka'}</P_7><P_11>100.10</P_11><P_12>23</P_12></FaWiersz>`,
    `</Fa>${draft.hasAttachment === true ? ATTACHMENT : ''}</Faktura>`,
  ].join('')
}
