import type { Invoice } from '../document/invoice.ts'
import type { InvoiceNode } from '../document/invoice-node.ts'
import { after, element } from '../examples/edit-invoice.ts'
import { type Found, type Rule, when } from '../rule.ts'

/** The last digit of GS1 numbers: weights 3 and 1 alternating from the right (GS1 General Specifications, 7.9). */
export function hasGs1Checksum(digits: string): boolean {
  const [check, ...others] = [...digits].reverse().map(Number)
  const sum = others.reduce((all, digit, index) => all + digit * (index % 2 === 0 ? 3 : 1), 0)
  return (10 - (sum % 10)) % 10 === check
}

const GTIN = /^(\d{8}|\d{12}|\d{13}|\d{14})$/
const CN = /^\d{4}( ?\d{2}){0,2}$/
const PKWIU = /^\d{2}(\.\d{1,2}(\.\d{1,2}(\.\d)?)?)?$/

const codes = ({ lines }: Invoice, field: string, isRight: (value: string) => boolean): readonly Found[] =>
  lines.flatMap(({ node }) => {
    const value = node.read(field)
    return when(value !== '' && !isRight(value), node.near(field), { value })
  })

/** Every address of a party of the invoice. */
const addresses = ({ root, seller, buyer, thirdParties }: Invoice): readonly InvoiceNode[] =>
  [seller, buyer, ...thirdParties, root.near('PodmiotUpowazniony')].flatMap((party) => [
    ...party.all('Adres'),
    ...party.all('AdresKoresp'),
  ])

export const PRODUCT_CODES: readonly Rule[] = [
  {
    code: 'FA_GTIN_CHECKSUM',
    severity: 'warning',
    source: 'XSD FA(3), GTIN; GS1 General Specifications, 7.9',
    says: {
      pl: 'GTIN {value} nie ma poprawnej długości lub cyfry kontrolnej.',
      en: 'The GTIN {value} has a wrong length or check digit.',
    },
    help: {
      pl: 'Popraw GTIN (8, 12, 13 albo 14 cyfr) albo podaj własny kod w polu Indeks.',
      en: 'Correct the GTIN (8, 12, 13 or 14 digits), or give a code of your own in Indeks.',
    },
    check: (invoice) => codes(invoice, 'GTIN', (value) => GTIN.test(value) && hasGs1Checksum(value)),
    passes: [after('FaWiersz/P_7', element('GTIN', '5901234123457'))],
    fails: [after('FaWiersz/P_7', element('GTIN', '5901234123458'))],
  },
  {
    code: 'FA_GLN_CHECKSUM',
    severity: 'warning',
    source: 'XSD FA(3), GLN; GS1 General Specifications, 7.9',
    says: {
      pl: 'GLN {value} nie ma 13 cyfr z poprawną cyfrą kontrolną.',
      en: 'The GLN {value} does not have 13 digits with a right check digit.',
    },
    help: { pl: 'Popraw GLN albo go usuń.', en: 'Correct the GLN, or remove it.' },
    check: (invoice) =>
      addresses(invoice).flatMap((address) => {
        const value = address.read('GLN')
        const isRight = /^\d{13}$/.test(value) && hasGs1Checksum(value)
        return when(value !== '' && !isRight, address.near('GLN'), { value })
      }),
    passes: [after('Podmiot2/AdresL1', element('GLN', '5901234123457'))],
    fails: [after('Podmiot2/AdresL1', element('GLN', '5901234123458'))],
  },
  {
    code: 'FA_CN_FORM',
    severity: 'warning',
    source: 'XSD FA(3), CN; rozporządzenie (EWG) nr 2658/87',
    says: {
      pl: 'CN {value} nie ma postaci kodu Nomenklatury Scalonej.',
      en: 'CN {value} does not look like a code of the Combined Nomenclature.',
    },
    help: { pl: 'Podaj 4, 6 albo 8 cyfr.', en: 'Give 4, 6 or 8 digits.' },
    check: (invoice) => codes(invoice, 'CN', (value) => CN.test(value)),
    passes: [after('FaWiersz/P_7', element('CN', '7308 40 00'))],
    fails: [after('FaWiersz/P_7', element('CN', '73-08'))],
  },
  {
    code: 'FA_PKWIU_FORM',
    severity: 'warning',
    source: 'XSD FA(3), PKWiU; Polska Klasyfikacja Wyrobów i Usług 2015',
    says: {
      pl: 'PKWiU {value} nie ma postaci symbolu tej klasyfikacji.',
      en: 'PKWiU {value} does not look like a symbol of that classification.',
    },
    help: {
      pl: 'Podaj symbol z kropkami, na przykład 77.32.10.0.',
      en: 'Give the symbol with its dots, such as 77.32.10.0.',
    },
    check: (invoice) => codes(invoice, 'PKWiU', (value) => PKWIU.test(value)),
    passes: [after('FaWiersz/P_7', element('PKWiU', '77.32.10.0'))],
    fails: [after('FaWiersz/P_7', element('PKWiU', '7732100'))],
  },
]
