import type { Labels } from './label.ts'

/** Fields that lines of invoices and of orders have alike. */
const LINE: Labels = {
  Indeks: ['Indeks', 'Index'],
  GTIN: ['GTIN', 'GTIN'],
  PKWiU: ['PKWiU', 'PKWiU'],
  CN: ['CN', 'CN'],
  PKOB: ['PKOB', 'PKOB'],
  P_7: ['Nazwa towaru lub usługi', 'Goods or services'],
  P_8A: ['J.m.', 'Unit'],
  P_8B: ['Ilość', 'Quantity'],
  P_9A: ['Cena netto', 'Net price'],
  P_12: ['Stawka', 'Rate'],
  P_12_XII: ['Stawka (dział XII rozdział 6a)', 'Rate (OSS)'],
  P_12_Zal_15: ['Załącznik nr 15', 'Annex 15'],
  KwotaAkcyzy: ['Kwota akcyzy', 'Excise'],
  GTU: ['GTU', 'GTU'],
  Procedura: ['Procedura', 'Procedure'],
}

/** In an order their names have a Z: `P_7Z`, `P_12Z_XII`. */
const ofOrder = (name: string): string =>
  name.startsWith('P_12') ? name.replace('P_12', 'P_12Z') : `${name}Z`

export const LINE_LABELS: Labels = {
  ...LINE,
  ...Object.fromEntries(Object.entries(LINE).map(([name, words]) => [ofOrder(name), words])),
  FaWiersz: ['Pozycje', 'Lines'],
  NrWierszaFa: ['Lp.', 'No.'],
  UU_ID: ['Identyfikator wiersza', 'Identifier of the line'],
  P_6A: ['Data dostawy', 'Date of supply'],
  P_9B: ['Cena brutto', 'Gross price'],
  P_10: ['Rabat', 'Discount'],
  P_11: ['Wartość netto', 'Net value'],
  P_11A: ['Wartość brutto', 'Gross value'],
  P_11Vat: ['Kwota VAT', 'VAT'],
  KursWaluty: ['Kurs waluty', 'Exchange rate'],
  StanPrzed: ['Stan przed korektą', 'State before correction'],
  Zamowienie: ['Zamówienie lub umowa', 'Order or contract'],
  WartoscZamowienia: ['Wartość zamówienia lub umowy', 'Value of the order or contract'],
  ZamowienieWiersz: ['Pozycje zamówienia lub umowy', 'Lines of the order or contract'],
  NrWierszaZam: ['Lp.', 'No.'],
  UU_IDZ: ['Identyfikator wiersza', 'Identifier of the line'],
  P_11NettoZ: ['Wartość netto', 'Net value'],
  P_11VatZ: ['Kwota VAT', 'VAT'],
  StanPrzedZ: ['Stan przed korektą', 'State before correction'],
}
