import { euVat, stdnum } from 'stdnum'
import { hasNipChecksum } from '../../documents/nip.ts'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, before, element, replace, set } from '../examples/edit-invoice.ts'
import { GERMAN_BUYER, thirdParty } from '../examples/kinds.ts'
import { type Rule, when } from '../rule.ts'

/** Identities of everyone that has a foreign one: buyer and third parties. */
const identities = ({ buyer, thirdParties }: Invoice): readonly InvoiceNode[] =>
  [buyer, ...thirdParties].map((party) => party.near('DaneIdentyfikacyjne'))

/** Where stdnum names a country otherwise than VIES. Of Northern Ireland it knows the British number. */
const COUNTRY: Readonly<Record<string, string>> = { EL: 'GR' }

/** True where the country has no rule that could fail. */
export function isEuVatNumber(country: string, number: string): boolean {
  const british = country === 'XI' ? stdnum['GB']?.['vat'] : undefined
  const validators = british === undefined ? euVat[COUNTRY[country] ?? country] : [british]
  return validators?.some((validator) => validator.validate(number).isValid) ?? true
}

/** French and Spanish numbers may begin with letters of their own; what follows the prefix must be a number. */
const isPrefixed = (country: string, number: string): boolean =>
  number.startsWith(country) && isEuVatNumber(country, number.slice(2))

/** The element a path of {@link Invoice.nips} names, steps with positions. */
function elementAt(root: InvoiceNode, xpath: string): InvoiceNode {
  let node: InvoiceNode = root
  for (const step of xpath.split('/').slice(2)) {
    const [, name = '', position = '1'] = /^(\w+)(?:\[(\d+)\])?$/.exec(step) ?? []
    node = node.all(name)[Number(position) - 1] ?? node
  }
  return node
}

export const TAX_NUMBERS: readonly Rule[] = [
  {
    code: 'INVOICE_NIP_CHECKSUM',
    severity: 'error-on-production',
    ksefRefuses: true,
    forms: ['FA (2)', 'FA (3)', 'FA_RR (1)'],
    source: 'KSeF, „Weryfikacja faktury”; art. 106e ust. 1 pkt 4 i 5',
    says: { pl: 'NIP {nip} nie ma poprawnej cyfry kontrolnej.', en: 'The NIP {nip} fails its checksum.' },
    help: {
      pl: 'Popraw NIP; produkcyjny KSeF go sprawdza.',
      en: 'Correct the NIP; production KSeF checks it.',
    },
    check: ({ root, nips }) =>
      nips.flatMap(({ xpath, nip }) => when(!hasNipChecksum(nip), elementAt(root, xpath), { nip })),
    passes: [],
    fails: [set('Podmiot2/NIP', '1234563219')],
  },
  {
    code: 'FA_EU_VAT_CHECKSUM',
    severity: 'error-on-production',
    source: 'art. 106e ust. 1 pkt 5 i 24; XSD FA(3), NrVatUE',
    says: {
      pl: 'NrVatUE {number} nie jest numerem VAT kraju {country}: ma inną postać albo cyfrę kontrolną.',
      en: 'NrVatUE {number} is no VAT number of {country}: its form or its check digit is another.',
    },
    help: {
      pl: 'Sprawdź numer w VIES; w NrVatUE podaje się go bez prefiksu kraju.',
      en: "Look the number up in VIES; NrVatUE holds it without the country's prefix.",
    },
    check: (invoice) =>
      identities(invoice).flatMap((identity) => {
        const [country, number] = [identity.read('KodUE'), identity.read('NrVatUE')]
        const isWrong = number !== '' && country !== 'PL' && !isPrefixed(country, number)
        return when(isWrong && !isEuVatNumber(country, number), identity.near('NrVatUE'), { country, number })
      }),
    passes: GERMAN_BUYER,
    fails: [...GERMAN_BUYER, set('NrVatUE', '136695977')],
  },
  {
    code: 'FA_EU_VAT_PREFIXED',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 24; XSD FA(3), KodUE i NrVatUE',
    says: {
      pl: 'NrVatUE {number} zaczyna się od prefiksu, który stoi już w KodUE ({country}).',
      en: 'NrVatUE {number} begins with the prefix that stands in KodUE already ({country}).',
    },
    help: { pl: 'Podaj w NrVatUE sam numer.', en: 'Give the bare number in NrVatUE.' },
    check: (invoice) =>
      identities(invoice).flatMap((identity) => {
        const [country, number] = [identity.read('KodUE'), identity.read('NrVatUE')]
        return when(country !== '' && isPrefixed(country, number), identity.near('NrVatUE'), {
          country,
          number,
        })
      }),
    passes: GERMAN_BUYER,
    fails: [...GERMAN_BUYER, set('NrVatUE', 'DE136695976')],
  },
  {
    code: 'FA_NIP_AS_EU_VAT',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 5; XSD FA(3), Podmiot2/DaneIdentyfikacyjne/NIP',
    says: {
      pl: 'Polski numer {number} stoi w NrVatUE z KodUE = PL.',
      en: 'The Polish number {number} stands in NrVatUE with KodUE = PL.',
    },
    help: {
      pl: 'Podaj go w polu NIP; inaczej faktura nie trafi w KSeF do nabywcy.',
      en: 'Give it in NIP; otherwise the invoice does not reach the buyer in KSeF.',
    },
    check: (invoice) =>
      identities(invoice).flatMap((identity) =>
        when(identity.says('KodUE', 'PL'), identity.near('NrVatUE'), { number: identity.read('NrVatUE') }),
      ),
    passes: GERMAN_BUYER,
    fails: [replace('Podmiot2/NIP', element('KodUE', 'PL') + element('NrVatUE', '1234563218'))],
  },
  {
    code: 'FA_NIP_AS_OTHER_ID',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 5; XSD FA(3), NrID',
    says: {
      pl: 'NrID {number} wygląda na polski NIP.',
      en: 'NrID {number} looks like a Polish NIP.',
    },
    help: {
      pl: 'Jeśli to NIP, podaj go w polu NIP; inaczej faktura nie trafi w KSeF do nabywcy.',
      en: 'If it is one, give it in NIP; otherwise the invoice does not reach the buyer in KSeF.',
    },
    check: (invoice) =>
      identities(invoice).flatMap((identity) => {
        const [country, number] = [identity.read('KodKraju'), identity.read('NrID')]
        const isPolish = country === '' || country === 'PL'
        return when(isPolish && hasNipChecksum(number), identity.near('NrID'), { number })
      }),
    passes: [replace('Podmiot2/NIP', element('KodKraju', 'US') + element('NrID', '1234563218'))],
    fails: [replace('Podmiot2/NIP', element('NrID', '1234563218'))],
  },
  {
    code: 'FA_PESEL_CHECKSUM',
    severity: 'warning',
    source: 'XSD FA(3), NrID; ustawa o ewidencji ludności, art. 15',
    says: {
      pl: 'NrID {number} ma 11 cyfr jak PESEL, lecz nie jego cyfrę kontrolną.',
      en: 'NrID {number} has 11 digits like a PESEL, and not its check digit.',
    },
    help: { pl: 'Popraw numer.', en: 'Correct the number.' },
    check: (invoice) =>
      identities(invoice).flatMap((identity) => {
        const number = identity.read('NrID')
        const isLikePesel = identity.says('KodKraju', 'PL') && /^\d{11}$/.test(number)
        const isPesel = stdnum['PL']?.['pesel']?.validate(number).isValid ?? true
        return when(isLikePesel && !isPesel, identity.near('NrID'), { number })
      }),
    passes: [replace('Podmiot2/NIP', element('KodKraju', 'PL') + element('NrID', '44051401359'))],
    fails: [replace('Podmiot2/NIP', element('KodKraju', 'PL') + element('NrID', '44051401358'))],
  },
  {
    code: 'FA_REGON_CHECKSUM',
    severity: 'warning',
    source: 'XSD FA(3), REGON',
    says: {
      pl: 'REGON {number} nie ma poprawnej cyfry kontrolnej.',
      en: 'The REGON {number} fails its checksum.',
    },
    help: { pl: 'Popraw REGON albo go usuń.', en: 'Correct the REGON, or remove it.' },
    check: ({ root }) =>
      (root.get('Stopka')?.all('Rejestry') ?? []).flatMap((register) => {
        const number = register.read('REGON')
        const isRegon = stdnum['PL']?.['regon']?.validate(number).isValid ?? true
        return when(number !== '' && !isRegon, register.near('REGON'), { number })
      }),
    passes: [after('Fa', element('Stopka', element('Rejestry', element('REGON', '192598184'))))],
    fails: [after('Fa', element('Stopka', element('Rejestry', element('REGON', '192598183'))))],
  },
  {
    code: 'FA_EORI_FORM',
    severity: 'warning',
    source: 'XSD FA(3), NrEORI; rozporządzenie delegowane (UE) 2015/2446, zał. 12-01',
    says: {
      pl: 'NrEORI {number} nie ma postaci: kod kraju i do 15 znaków.',
      en: 'NrEORI {number} is not a country code and up to 15 characters.',
    },
    help: {
      pl: 'Podaj pełny numer, na przykład PL526587763500000.',
      en: 'Give the whole number, such as PL526587763500000.',
    },
    check: ({ root, seller, buyer, thirdParties }) =>
      [seller, buyer, ...thirdParties, root.near('PodmiotUpowazniony')].flatMap((party) => {
        const number = party.read('NrEORI')
        return when(number !== '' && !/^[A-Z]{2}[A-Z0-9]{1,15}$/.test(number), party.near('NrEORI'), {
          number,
        })
      }),
    passes: [before('Podmiot1/DaneIdentyfikacyjne', element('NrEORI', 'PL526587763500000'))],
    fails: [before('Podmiot1/DaneIdentyfikacyjne', element('NrEORI', '526587763500000'))],
  },
  {
    code: 'FA_BDO_FORM',
    severity: 'warning',
    source: 'XSD FA(3), BDO; ustawa o odpadach, art. 54',
    says: { pl: 'BDO {number} nie ma dziewięciu cyfr.', en: 'BDO {number} does not have nine digits.' },
    help: { pl: 'Podaj dziewięć cyfr z zerami wiodącymi.', en: 'Give nine digits, leading zeros included.' },
    check: ({ root }) =>
      (root.get('Stopka')?.all('Rejestry') ?? []).flatMap((register) => {
        const number = register.read('BDO')
        return when(number !== '' && !/^\d{9}$/.test(number), register.near('BDO'), { number })
      }),
    passes: [after('Fa', element('Stopka', element('Rejestry', element('BDO', '000012345'))))],
    fails: [after('Fa', element('Stopka', element('Rejestry', element('BDO', '12345'))))],
  },
  {
    code: 'FA_INTERNAL_ID_STRANGE',
    severity: 'warning',
    source: 'XSD FA(3), IDWew; KSeF, identyfikator wewnętrzny',
    says: {
      pl: 'Identyfikator wewnętrzny {number} zaczyna się od NIP-u, którego nie ma na fakturze.',
      en: 'The internal identifier {number} begins with a NIP that is not on the invoice.',
    },
    help: {
      pl: 'IDWew to NIP sprzedawcy lub nabywcy, myślnik i pięć cyfr; sprawdź, czyja to jednostka.',
      en: "IDWew is the seller's or the buyer's NIP, a dash and five digits; check whose unit it is.",
    },
    check: ({ seller, buyer, thirdParties }) => {
      const known = [seller, buyer].map((party) => party.read('DaneIdentyfikacyjne/NIP'))
      return thirdParties.flatMap((party) => {
        const number = party.read('DaneIdentyfikacyjne/IDWew')
        const isStrange = number !== '' && !known.includes(number.slice(0, 10))
        return when(isStrange, party.near('DaneIdentyfikacyjne/IDWew'), { number })
      })
    },
    passes: [thirdParty('2', { identity: element('IDWew', '1234563218-00001') })],
    fails: [thirdParty('2', { identity: element('IDWew', '1111111111-00001') })],
  },
]
