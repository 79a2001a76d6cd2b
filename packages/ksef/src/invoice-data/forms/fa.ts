/** FA(3), the invoice of most sales, and FA(2), which preceded it. */
import * as z from 'zod'
import { always, flag, inline, many, marked, may, must, only, within } from '../grammar/fields.ts'
import { body, type DataOf } from '../grammar/part.ts'
import { AMOUNT, CURRENCY, code, day, KSEF_NUMBER, QUANTITY, text, word } from '../grammar/values.ts'
import { annotations } from './annotations.ts'
import { attachment } from './attachment.ts'
import { footer, heading, notes } from './invoice-form.ts'
import {
  authorizedParty,
  buyer,
  buyerBefore,
  buyerOfFa2,
  correctedInvoice,
  seller,
  sellerBefore,
  thirdParty,
} from './parties.ts'
import { paymentOf, settlement } from './payment.ts'
import { line, lineOfFa2, orderLine, orderLineOfFa2, VAT_RATES } from './rows.ts'
import { terms } from './terms.ts'

export const KINDS = ['VAT', 'KOR', 'ZAL', 'ROZ', 'UPR', 'KOR_ZAL', 'KOR_ROZ'] as const

const taxed = (bucket: '1' | '2' | '3' | '4', says: string) =>
  inline(
    {
      net: must(`P_13_${bucket}`, AMOUNT, 'Value without VAT'),
      vat: must(`P_14_${bucket}`, AMOUNT, 'VAT'),
      vatPln: may(`P_14_${bucket}W`, AMOUNT, 'VAT in PLN, of an invoice in another currency'),
    },
    says,
  )

const untaxed = (bucket: string, says: string) => may(`P_13_${bucket}`, AMOUNT, says)

const totals = inline(
  {
    standard: taxed('1', 'At 23 % and 22 %'),
    reduced: taxed('2', 'At 8 % and 7 %'),
    superReduced: taxed('3', 'At 5 %'),
    taxi: taxed('4', 'Flat rate of taxis, 4 % and 3 %'),
    oss: inline(
      {
        net: must('P_13_5', AMOUNT, 'Value without VAT'),
        vat: may('P_14_5', AMOUNT, 'VAT of the other country'),
      },
      'OSS',
    ),
    zeroDomestic: untaxed('6_1', 'At 0 %, in Poland'),
    zeroIntraCommunity: untaxed('6_2', 'At 0 %, goods to the EU (WDT)'),
    zeroExport: untaxed('6_3', 'At 0 %, export'),
    exempt: untaxed('7', 'Exempt (zw)'),
    outsidePoland: untaxed('8', 'Outside Poland (np I)'),
    euServices: untaxed('9', 'Services of art. 100 ust. 1 pkt 4 (np II)'),
    reverseCharge: untaxed('10', 'Domestic reverse charge (oo)'),
    margin: untaxed('11', 'Margin scheme'),
    gross: may('P_15', AMOUNT, 'Total; of an advance the payment, of a correction the difference'),
  },
  'Sums (P_13_x, P_14_x, P_15). What is left out is worked out; what is given is checked',
)

const correction = inline(
  {
    reason: may('PrzyczynaKorekty', text(256), 'Reason'),
    effect: may(
      'TypKorekty',
      code({ originalDate: '1', correctionDate: '2', otherDate: '3' }),
      'In which period it is booked',
    ),
    invoices: many('DaneFaKorygowanej', correctedInvoice(day), { max: 50_000, says: 'What is corrected' }),
    period: may('OkresFaKorygowanej', text(256), 'Period of a discount on all supplies within it'),
    correctNumber: may('NrFaKorygowany', text(256), 'The right number, where the number is corrected'),
    sellerBefore: may('Podmiot1K', sellerBefore, 'The seller as it was'),
    buyersBefore: many('Podmiot2K', buyerBefore, { max: 101, says: 'The buyers as they were' }),
    amountBefore: may('P_15ZK', AMOUNT, 'Payment, or what remained to be paid, before the correction'),
    exchangeRateBefore: may('KursWalutyZK', QUANTITY, 'Exchange rate before the correction'),
  },
  'Of KOR, KOR_ZAL and KOR_ROZ: what is corrected and why',
)

const deducted = z.strictObject({
  vatRate: z.enum([...VAT_RATES, 'margin']),
  net: AMOUNT.schema,
  vat: AMOUNT.schema.exactOptional(),
})

const advanceInvoice = body(
  {
    number: marked(['NrKSeFZN', 'NrFaZaliczkowej'], text(256), {
      says: 'Its number, when it was issued outside KSeF',
    }),
    ksefNumber: may('NrKSeFFaZaliczkowej', KSEF_NUMBER, 'Its KSeF number'),
    deducted: only(z.array(deducted), 'What it had taken, by rate: the final invoice is lowered by it'),
  },
  { one: [['number', 'ksefNumber']] },
)

const fa = <L extends typeof line, O extends typeof orderLine>(form: {
  line: L
  orderLine: O
  fa2: boolean
}) => ({
  currency: always('KodWaluty', CURRENCY, { otherwise: 'PLN', says: 'Currency; `PLN` when left out' }),
  issueDate: must('P_1', day, 'Date of issue'),
  issuePlace: may('P_1M', text(256), 'Place of issue'),
  number: must('P_2', text(256), 'Number of the invoice'),
  warehouseDocuments: many('WZ', text(256), { max: 1000, says: 'Numbers of WZ documents' }),
  saleDate: may('P_6', day, 'Date of supply or of payment, where it is not the date of issue'),
  period: may(
    'OkresFa',
    body({ from: must('P_6_Od', day, 'First day'), to: must('P_6_Do', day, 'Last day') }),
    'Period the invoice covers',
  ),
  totals,
  advanceExchangeRate: may('KursWalutyZ', QUANTITY, 'Exchange rate of an advance invoice'),
  annotations: always('Adnotacje', annotations, { otherwise: {}, says: 'Annotations' }),
  kind: always('RodzajFaktury', word(KINDS), { otherwise: 'VAT', says: 'Kind; `VAT` when left out' }),
  correction,
  advancePayments: many(
    'ZaliczkaCzesciowa',
    body({
      date: must('P_6Z', day, 'Date of the payment'),
      amount: must('P_15Z', AMOUNT, 'Amount'),
      exchangeRate: may('KursWalutyZW', QUANTITY, 'Exchange rate'),
    }),
    { max: 31, says: 'Payments of which the advance is made up' },
  ),
  toReceipt: flag('FP', 'Issued to a receipt of a cash register (art. 109 ust. 3d)'),
  relatedParties: flag('TP', 'Seller and buyer are connected'),
  notes,
  advanceInvoices: many('FakturaZaliczkowa', advanceInvoice, {
    max: 100,
    says: 'Advance invoices that are settled',
  }),
  exciseRefund: flag('ZwrotAkcyzy', 'For farmers who ask for excise duty on diesel oil back'),
  lines: many('FaWiersz', form.line, { max: 10_000, says: 'Lines' }),
  settlement: may('Rozliczenie', settlement, 'Charges and deductions beside the total'),
  payment: may('Platnosc', paymentOf(form), 'Payment'),
  terms: may('WarunkiTransakcji', terms, 'Terms of the transaction'),
  order: may(
    'Zamowienie',
    body({
      value: may('WartoscZamowienia', AMOUNT, 'Value with VAT; worked out when left out'),
      lines: many('ZamowienieWiersz', form.orderLine, { max: 10_000, says: 'Lines' }),
    }),
    'Of an advance invoice: the order or contract it is for',
  ),
})

const parties = {
  thirdParties: many('Podmiot3', thirdParty, { max: 100, says: 'Others who have to do with the invoice' }),
  authorizedParty: may('PodmiotUpowazniony', authorizedParty, 'Who acts by authority'),
}
const exchangeRate = only(
  QUANTITY.schema,
  'Exchange rate for every line that has none of its own, or for the advance',
)

export const FA3 = {
  ...heading('FA (3)'),
  seller: may('Podmiot1', seller, "Seller; the company's NIP and name when left out"),
  buyer: may('Podmiot2', buyer, 'Buyer'),
  ...parties,
  ...within('Fa', fa({ line, orderLine, fa2: false })),
  footer: may('Stopka', footer, 'Footer'),
  attachment: may('Zalacznik', attachment, 'Attachment'),
  exchangeRate,
}

/** Read and written again; new invoices are FA(3). */
export const FA2 = {
  ...heading('FA (2)'),
  seller: may('Podmiot1', seller, 'Seller'),
  buyer: may('Podmiot2', buyerOfFa2, 'Buyer'),
  ...parties,
  ...within('Fa', fa({ line: lineOfFa2, orderLine: orderLineOfFa2, fa2: true })),
  footer: may('Stopka', footer, 'Footer'),
  exchangeRate,
}

export type FaData = DataOf<typeof FA3>
