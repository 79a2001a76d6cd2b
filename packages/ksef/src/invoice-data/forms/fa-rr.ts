/** FA_RR(1): what a buyer issues to a farmer under the flat rate (art. 116). */
import { always, inline, many, may, must, only, within } from '../grammar/fields.ts'
import { body, type DataOf } from '../grammar/part.ts'
import { AMOUNT, CURRENCY, code, day, QUANTITY, text, word } from '../grammar/values.ts'
import { footer, heading, notes } from './invoice-form.ts'
import { buyerRr, correctedInvoice, partyBeforeRr, supplierRr, thirdPartyRr } from './parties.ts'
import { paymentRr, settlement } from './payment.ts'
import { lineRr } from './rows.ts'

const totals = inline(
  {
    value: may('P_11_1', AMOUNT, 'Value of the products without the refund'),
    valuePln: may('P_11_1W', AMOUNT, 'The same in PLN, of an invoice in another currency'),
    refund: may('P_11_2', AMOUNT, 'Flat-rate refund'),
    refundPln: may('P_11_2W', AMOUNT, 'The same in PLN'),
    gross: may('P_12_1', AMOUNT, 'Total with the refund'),
    grossPln: may('P_12_1W', AMOUNT, 'The same in PLN'),
    grossInWords: may('P_12_2', text(256), 'Total in Polish words'),
  },
  'Sums (P_11_x, P_12_x). What is left out is worked out; what is given is checked',
)

const correction = inline(
  {
    reason: may('PrzyczynaKorekty', text(256), 'Reason'),
    effect: may(
      'TypKorekty',
      code({ originalDate: '1', correctionDate: '2', otherDate: '3', returnDate: '4' }),
      'In which period it is booked',
    ),
    invoices: many('DaneFaKorygowanej', correctedInvoice(day), { max: 50_000, says: 'What is corrected' }),
    correctNumber: may('NrFaKorygowany', text(256), 'The right number, where the number is corrected'),
    sellerBefore: may('Podmiot1K', partyBeforeRr, 'The supplier as it was'),
    buyerBefore: may('Podmiot2K', partyBeforeRr, 'The buyer as it was'),
  },
  'Of KOR_VAT_RR: what is corrected and why',
)

export const FA_RR = {
  ...heading('FA_RR (1)'),
  seller: may('Podmiot1', supplierRr, 'Supplier: the farmer'),
  buyer: may('Podmiot2', buyerRr, "Buyer, who issues the invoice; the company's NIP and name when left out"),
  thirdParties: many('Podmiot3', thirdPartyRr, { max: 100, says: 'Others who have to do with the invoice' }),
  ...within('FakturaRR', {
    currency: always('KodWaluty', CURRENCY, { otherwise: 'PLN', says: 'Currency; `PLN` when left out' }),
    issuePlace: may('P_1M', text(256), 'Place of issue'),
    saleDate: may('P_4A', day, 'Date of the purchase'),
    issueDate: must('P_4B', day, 'Date of issue'),
    number: must('P_4C', text(256), 'Number of the invoice'),
    totals,
    kind: always('RodzajFaktury', word(['VAT_RR', 'KOR_VAT_RR']), {
      otherwise: 'VAT_RR',
      says: 'Kind; `VAT_RR` when left out',
    }),
    correction,
    paymentDocuments: many(
      'DokumentZaplaty',
      body({
        number: must('NrDokumentu', text(256), 'Number'),
        date: may('DataDokumentu', day, 'Date'),
      }),
      { max: 50, says: 'Documents of payment' },
    ),
    notes,
    lines: many('FakturaRRWiersz', lineRr, { max: 10_000, says: 'Lines' }),
    settlement: may('Rozliczenie', settlement, 'Charges and deductions beside the total'),
    payment: may('Platnosc', paymentRr, 'Payment'),
  }),
  footer: may('Stopka', footer, 'Footer'),
  exchangeRate: only(QUANTITY.schema, 'Exchange rate for every line that has none of its own'),
}

export type FaRrData = DataOf<typeof FA_RR>
