import { amount, shown } from '../document/amount.ts'
import { element, replace, set } from '../examples/edit-invoice.ts'
import { SIMPLIFIED } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'

/** Art. 106e ust. 5 pkt 3; of other currencies the act says nothing. */
const LIMITS: ReadonlyMap<string, string> = new Map([
  ['PLN', '450'],
  ['EUR', '100'],
])

export const SIMPLIFIED_INVOICES: readonly Rule[] = [
  {
    code: 'FA_SIMPLIFIED_OVER_LIMIT',
    severity: 'error',
    source: 'art. 106e ust. 5 pkt 3; XSD FA(3), RodzajFaktury = UPR',
    says: {
      pl: 'Faktura uproszczona jest do {limit} {currency}, a należność wynosi {stated}.',
      en: 'A simplified invoice goes up to {limit} {currency}, and the total is {stated}.',
    },
    help: { pl: 'Wystaw zwykłą fakturę (VAT).', en: 'Issue an ordinary invoice (VAT).' },
    check: ({ fa, kind, currency }) => {
      const [stated, limit] = [fa.amount('P_15'), LIMITS.get(currency)]
      if (kind !== 'UPR' || stated === undefined || limit === undefined) return []
      return when(stated.gt(amount(limit)), fa.near('P_15'), { limit, currency, stated: shown(stated) })
    },
    passes: SIMPLIFIED,
    fails: [
      ...SIMPLIFIED,
      set('FaWiersz/P_8B', '4'),
      set('FaWiersz/P_11', '200.00'),
      set('P_13_1', '200.00'),
      set('P_14_1', '46.00'),
      set('P_15', '462.00'),
    ],
  },
  {
    code: 'FA_SIMPLIFIED_WITHOUT_NIP',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 5 i ust. 5 pkt 3',
    says: {
      pl: 'Faktura uproszczona nie ma numeru nabywcy.',
      en: "A simplified invoice is without the buyer's number.",
    },
    help: {
      pl: 'Podaj NIP nabywcy: uproszczenie pomija jego nazwę i adres, nie numer.',
      en: "Give the buyer's NIP: what may be left out is name and address, not the number.",
    },
    check: ({ buyer, kind }) =>
      when(
        kind === 'UPR' && buyer.has('DaneIdentyfikacyjne/BrakID'),
        buyer.near('DaneIdentyfikacyjne/BrakID'),
      ),
    passes: SIMPLIFIED,
    fails: [...SIMPLIFIED, replace('Podmiot2/NIP', element('BrakID', '1'))],
  },
]
