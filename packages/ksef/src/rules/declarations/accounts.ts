import { isValidBIC, isValidIBAN } from 'ibantools'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, drop, element, set } from '../examples/edit-invoice.ts'
import { CORRECTION } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'

const accounts = ({ fa }: Invoice): readonly InvoiceNode[] => {
  const payment = fa.get('Platnosc')
  return payment === undefined
    ? []
    : [...payment.all('RachunekBankowy'), ...payment.all('RachunekBankowyFaktora')]
}

const compact = (number: string): string => number.replace(/[\s-]/g, '').toUpperCase()
const isNrb = (number: string): boolean => /^(PL)?\d{26}$/.test(number)
const isIban = (number: string): boolean => /^[A-Z]{2}\d{2}/.test(number) && !isNrb(number)

export const ACCOUNTS: readonly Rule[] = [
  {
    code: 'FA_ACCOUNT_NRB_CHECKSUM',
    severity: 'error-on-production',
    source: 'XSD FA(3), NrRB; zarządzenie nr 15/2010 Prezesa NBP (NRB)',
    says: {
      pl: 'Numer rachunku {number} nie ma poprawnych cyfr kontrolnych.',
      en: 'The account number {number} fails its check digits.',
    },
    help: { pl: 'Popraw numer rachunku (26 cyfr).', en: 'Correct the account number (26 digits).' },
    check: (invoice) =>
      accounts(invoice).flatMap((account) => {
        const number = compact(account.read('NrRB'))
        const isRight = isValidIBAN(`PL${number.replace('PL', '')}`)
        return when(isNrb(number) && !isRight, account.near('NrRB'), { number })
      }),
    passes: [],
    fails: [set('NrRB', '61109010140000071219812875')],
  },
  {
    code: 'FA_ACCOUNT_IBAN_CHECKSUM',
    severity: 'error-on-production',
    source: 'XSD FA(3), NrRB; ISO 13616',
    says: {
      pl: 'IBAN {number} nie ma poprawnej długości lub cyfr kontrolnych.',
      en: 'The IBAN {number} has a wrong length or check digits.',
    },
    help: { pl: 'Popraw IBAN.', en: 'Correct the IBAN.' },
    check: (invoice) =>
      accounts(invoice).flatMap((account) => {
        const number = compact(account.read('NrRB'))
        return when(isIban(number) && !isValidIBAN(number), account.near('NrRB'), { number })
      }),
    passes: [set('NrRB', 'DE89370400440532013000')],
    fails: [set('NrRB', 'DE89370400440532013001')],
  },
  {
    code: 'FA_ACCOUNT_FORM',
    severity: 'warning',
    source: 'XSD FA(3), NrRB („pełny numer rachunku”)',
    says: {
      pl: 'Numer rachunku {number} to ani 26 cyfr NRB, ani IBAN.',
      en: 'The account number {number} is neither the 26 digits of an NRB nor an IBAN.',
    },
    help: {
      pl: 'Podaj pełny numer bez spacji i myślników.',
      en: 'Give the whole number without blanks and dashes.',
    },
    check: (invoice) =>
      accounts(invoice).flatMap((account) => {
        const number = account.read('NrRB')
        const isSpaced = number !== compact(number)
        const isOther = !isNrb(compact(number)) && !isIban(compact(number))
        // Accounts outside of the IBAN area have other forms; a SWIFT tells that it is one.
        return when(isSpaced || (isOther && !account.has('SWIFT')), account.near('NrRB'), { number })
      }),
    passes: [set('NrRB', '4000123456789'), after('NrRB', element('SWIFT', 'CHASUS33'))],
    fails: [set('NrRB', '61 1090 1014 0000 0712 1981 2874')],
  },
  {
    code: 'FA_SWIFT_FORM',
    severity: 'warning',
    source: 'XSD FA(3), SWIFT; ISO 9362',
    says: { pl: 'SWIFT {swift} nie jest kodem BIC.', en: 'SWIFT {swift} is no BIC.' },
    help: {
      pl: 'Popraw kod banku; litery 5-6 to kraj.',
      en: "Correct the bank's code; letters 5-6 are the country.",
    },
    check: (invoice) =>
      accounts(invoice).flatMap((account) => {
        const swift = account.read('SWIFT')
        return when(swift !== '' && !isValidBIC(swift), account.near('SWIFT'), { swift })
      }),
    passes: [after('NrRB', element('SWIFT', 'WBKPPLPP'))],
    fails: [after('NrRB', element('SWIFT', 'WBKPZZPP'))],
  },
  {
    code: 'FA_SWIFT_COUNTRY',
    severity: 'warning',
    source: 'XSD FA(3), NrRB i SWIFT',
    says: {
      pl: 'SWIFT {swift} jest z innego kraju niż rachunek {number}.',
      en: 'SWIFT {swift} is of another country than the account {number}.',
    },
    help: {
      pl: 'Sprawdź, czy kod jest z banku tego rachunku.',
      en: "Check that the code is that of the account's bank.",
    },
    check: (invoice) =>
      accounts(invoice).flatMap((account) => {
        const [number, swift] = [compact(account.read('NrRB')), account.read('SWIFT')]
        const country = isNrb(number) ? 'PL' : isIban(number) ? number.slice(0, 2) : ''
        const differs = country !== '' && isValidBIC(swift) && swift.slice(4, 6) !== country
        return when(differs, account.near('SWIFT'), { swift, number })
      }),
    passes: [after('NrRB', element('SWIFT', 'WBKPPLPP'))],
    fails: [after('NrRB', element('SWIFT', 'DEUTDEFF'))],
  },
  {
    code: 'FA_ACCOUNT_REPEATED',
    severity: 'warning',
    source: 'XSD FA(3), RachunekBankowy',
    says: { pl: 'Rachunek {number} podano dwa razy.', en: 'The account {number} is given twice.' },
    help: { pl: 'Zostaw jeden.', en: 'Keep one.' },
    check: ({ fa }) => {
      const seen = new Set<string>()
      return (fa.get('Platnosc')?.all('RachunekBankowy') ?? []).flatMap((account) => {
        const number = compact(account.read('NrRB'))
        const isRepeated = seen.has(number)
        seen.add(number)
        return when(isRepeated, account.near('NrRB'), { number })
      })
    },
    passes: [after('RachunekBankowy', element('RachunekBankowy', element('NrRB', 'DE89370400440532013000')))],
    fails: [
      after('RachunekBankowy', element('RachunekBankowy', element('NrRB', '61109010140000071219812874'))),
    ],
  },
  {
    code: 'FA_ACCOUNT_MISSING',
    severity: 'warning',
    source: 'XSD FA(3), FormaPlatnosci 6 i RachunekBankowy',
    says: {
      pl: 'Forma płatności to przelew, a nie ma numeru rachunku.',
      en: 'Payment is by transfer, and there is no account number.',
    },
    help: { pl: 'Podaj RachunekBankowy.', en: 'Give RachunekBankowy.' },
    check: (invoice) => {
      const { fa, isCorrection } = invoice
      const isAwaited = fa.says('Platnosc/FormaPlatnosci', '6') && !fa.says('Platnosc/Zaplacono', '1')
      return when(
        isAwaited && !isCorrection && accounts(invoice).length === 0,
        fa.near('Platnosc/FormaPlatnosci'),
      )
    },
    passes: [...CORRECTION, drop('RachunekBankowy')],
    fails: [drop('RachunekBankowy')],
  },
]
