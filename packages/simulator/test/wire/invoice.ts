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
}

let drafted = 0

export const nextNumber = (): string => {
  drafted += 1
  return `FV/${drafted}/2026`
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
    `<Fa><KodWaluty>PLN</KodWaluty><P_1>${issueDate}</P_1><P_2>${draft.number ?? nextNumber()}</P_2>`,
    '<P_13_1>100.10</P_13_1><P_14_1>23.02</P_14_1><P_15>123.12</P_15>',
    '<Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18><P_18A>2</P_18A><Zwolnienie><P_19N>1</P_19N></Zwolnienie>',
    '<NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23>',
    '<PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje>',
    `<RodzajFaktury>${kind}</RodzajFaktury>`,
    `<FaWiersz><NrWierszaFa>1</NrWierszaFa><P_7>${draft.itemName ?? 'Mąka'}</P_7><P_11>100.10</P_11><P_12>23</P_12></FaWiersz>`,
    '</Fa></Faktura>',
  ].join('')
}
