import type { Words } from './label.ts'

/** What a paper says beside the names of elements. */
export const PHRASES = {
  system: ['Krajowy System e-Faktur', 'Krajowy System e-Faktur (KSeF)'],
  invoice: ['Faktura', 'Invoice'],
  invoiceRr: ['Faktura VAT RR', 'VAT RR invoice'],
  correctionRr: ['Faktura korygująca VAT RR', 'Correction of a VAT RR invoice'],
  number: ['Numer', 'Number'],
  ksefNumber: ['Numer KSeF', 'KSeF number'],
  basics: ['Dane faktury', 'Invoice data'],
  correction: ['Korekta', 'Correction'],
  before: ['Przed korektą', 'Before correction'],
  after: ['Po korekcie', 'After correction'],
  field: ['Pole', 'Field'],
  line: ['Wiersz', 'Line'],
  correctedLines: ['Pozycje korygowane', 'Corrected lines'],
  vatSummary: ['Podsumowanie stawek podatku', 'VAT summary'],
  rate: ['Stawka', 'Rate'],
  net: ['Netto', 'Net'],
  vat: ['VAT', 'VAT'],
  vatInPln: ['VAT w PLN', 'VAT in PLN'],
  gross: ['Brutto', 'Gross'],
  sum: ['Razem', 'Total'],
  verification: ['Weryfikacja w KSeF', 'Verification in KSeF'],
  thirdParties: ['Podmioty trzecie', 'Third parties'],
  dataBlock: ['Blok danych', 'Block of data'],
  table: ['Tabela', 'Table'],
  amountsIn: ['kwoty w walucie', 'amounts in'],
  receipt: ['Urzędowe poświadczenie odbioru', 'Official receipt (UPO)'],
  receiptOf: ['UPO dokumentu przesłanego do KSeF', 'UPO of a document sent to KSeF'],
  notRegistered: [
    'KSeF nie nadał jeszcze numeru tej fakturze.',
    'KSeF has not given this invoice a number yet.',
  ],
  rejected: [
    'KSeF odrzucił ten dokument. Nie jest on fakturą.',
    'KSeF rejected this document. It is no invoice.',
  ],
} as const satisfies Record<string, Words>

export type Phrase = keyof typeof PHRASES

/** Titles by `RodzajFaktury`. */
export const INVOICE_TITLES: Readonly<Record<string, Words>> = {
  VAT: ['Faktura', 'Invoice'],
  KOR: ['Faktura korygująca', 'Correction invoice'],
  ZAL: ['Faktura zaliczkowa', 'Advance invoice'],
  ROZ: ['Faktura rozliczeniowa', 'Settlement invoice'],
  UPR: ['Faktura uproszczona', 'Simplified invoice'],
  KOR_ZAL: ['Faktura korygująca fakturę zaliczkową', 'Correction of an advance invoice'],
  KOR_ROZ: ['Faktura korygująca fakturę rozliczeniową', 'Correction of a settlement invoice'],
  VAT_RR: ['Faktura VAT RR', 'VAT RR invoice'],
  KOR_VAT_RR: ['Faktura korygująca VAT RR', 'Correction of a VAT RR invoice'],
}
