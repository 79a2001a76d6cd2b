/** How an invoice is settled and paid. */
import type * as z from 'zod'
import { inline, many, marked, may, must } from '../grammar/fields.ts'
import { body, named, type Value } from '../grammar/part.ts'
import { AMOUNT, code, day, integer, matching, text, verbatim } from '../grammar/values.ts'

const FORM = code({
  cash: '1',
  card: '2',
  voucher: '3',
  cheque: '4',
  credit: '5',
  transfer: '6',
  mobile: '7',
})
const forms = {
  form: may('FormaPlatnosci', FORM, 'Form of payment'),
  otherForm: marked(['PlatnoscInna', 'OpisPlatnosci'], text(256), { says: 'A form the list does not have' }),
}

const ONE_FORM = { few: [['form', 'otherForm']] }

const accountOf = <Number extends z.ZodType>(number: Value<Number>) => ({
  number: must('NrRB', number, 'Account number, in full'),
  swift: may('SWIFT', matching(/^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$/, 'a SWIFT code'), 'SWIFT code'),
})
const bank = {
  bankName: may('NazwaBanku', text(256), 'Bank'),
  description: may('OpisRachunku', text(256), 'What the account is for'),
}
const ACCOUNT_NUMBER = verbatim(34)

export const account = named(
  'InvoiceAccount',
  body({
    ...accountOf(ACCOUNT_NUMBER),
    bankOwnAccount: may(
      'RachunekWlasnyBanku',
      code({ purchasedReceivables: '1', collection: '2', ownEconomy: '3' }),
      "A bank's own account, and of which kind",
    ),
    ...bank,
  }),
)
export type BankAccount = z.output<typeof account.schema>
const accountRr = body({ ...accountOf(ACCOUNT_NUMBER), ...bank })

const charge = (name: string, says: string) =>
  many(name, body({ amount: must('Kwota', AMOUNT, 'Amount'), reason: must('Powod', text(256), 'Reason') }), {
    max: 100,
    says,
  })

export const settlement = named(
  'InvoiceSettlement',
  body(
    {
      charges: charge('Obciazenia', 'What is added to the total'),
      chargesSum: may('SumaObciazen', AMOUNT, 'Sum of the charges; worked out when left out'),
      deductions: charge('Odliczenia', 'What is taken off the total'),
      deductionsSum: may('SumaOdliczen', AMOUNT, 'Sum of the deductions; worked out when left out'),
      toPay: may('DoZaplaty', AMOUNT, 'What is to be paid; worked out when left out'),
      overpaid: may('DoRozliczenia', AMOUNT, 'What was overpaid, to be settled or returned'),
    },
    { few: [['toPay', 'overpaid']] },
  ),
)

const ipKsef = may(
  'IPKSeF',
  matching(/^[0-9]{3}[a-zA-Z0-9]{10}$/, 'three digits and ten letters or digits'),
  'Identifier of the payment in KSeF',
)
const paymentLink = may('LinkDoPlatnosci', text(512), 'Link to pay by; it must carry IPKSeF')

const termWords = body({
  quantity: must('Ilosc', integer, 'How many'),
  unit: must('Jednostka', text(50), 'Days, weeks'),
  event: must('ZdarzeniePoczatkowe', text(256), 'From which event on'),
})

type PaymentForm = { fa2: boolean }

const partial = ({ fa2 }: PaymentForm) =>
  inline(
    {
      settled: must(
        'ZnacznikZaplatyCzesciowej',
        code({ inPart: '1', inFull: '2' }),
        'Whether the payments cover the invoice in part or, the last of them, in full',
      ),
      payments: many(
        'ZaplataCzesciowa',
        body(
          {
            amount: must('KwotaZaplatyCzesciowej', AMOUNT, 'Amount'),
            date: must('DataZaplatyCzesciowej', day, 'Date'),
            ...(fa2 ? {} : forms),
          },
          ONE_FORM,
        ),
        { max: 100, says: 'The payments' },
      ),
    },
    'Payments made in parts before the invoice',
  )

const due = ({ fa2 }: PaymentForm) =>
  many(
    'TerminPlatnosci',
    body({
      date: may('Termin', day, 'Date'),
      ...(fa2
        ? { words: may('TerminOpis', text(256), 'The term in words') }
        : { description: may('TerminOpis', termWords, 'The term in words, like 14 days from delivery') }),
    }),
    { max: 100, says: 'When it is due' },
  )

export const paymentOf = (form: PaymentForm) =>
  body(
    {
      paidOn: marked(['Zaplacono', 'DataZaplaty'], day, { says: 'Paid in full on that day' }),
      partial: partial(form),
      due: due(form),
      ...forms,
      accounts: many('RachunekBankowy', account, { max: 100, says: 'Accounts to pay to' }),
      factorAccounts: many('RachunekBankowyFaktora', account, { max: 20, says: 'Accounts of the factor' }),
      earlyPaymentDiscount: may(
        'Skonto',
        body({
          conditions: must('WarunkiSkonta', text(256), 'What the buyer must do'),
          amount: must('WysokoscSkonta', text(256), 'How much it is'),
        }),
        'Discount for paying early',
      ),
      ...(form.fa2 ? {} : { link: paymentLink, ipKsef }),
    },
    {
      few: [
        ['form', 'otherForm'],
        ['paidOn', 'partial'],
      ],
    },
  )

export const paymentRr = named(
  'InvoiceRrPayment',
  body(
    {
      form: may('FormaPlatnosci', code({ transfer: '1' }), 'Form of payment'),
      otherForm: forms.otherForm,
      supplierAccounts: many('RachunekBankowy1', accountRr, { max: 3, says: 'Accounts of the supplier' }),
      buyerAccounts: many('RachunekBankowy2', accountRr, { max: 3, says: 'Accounts of the buyer' }),
      ipKsef,
      link: paymentLink,
    },
    ONE_FORM,
  ),
)
