import {
  type Amount,
  amount,
  GROSZ,
  HUNDRED,
  isNear,
  percentOf,
  rounded,
  shown,
  ZERO,
} from '../document/amount.ts'
import type { Invoice } from '../document/invoice.ts'
import type { InvoiceLine } from '../document/invoice-line.ts'
import { after, element, set } from '../examples/edit-invoice.ts'
import { BY_GROSS } from '../examples/kinds.ts'
import { type Found, type Rule, when } from '../rule.ts'

const placesOf = (value: Amount): number => value.toFixed().split('.')[1]?.length ?? 0
const halfOfPlace = (places: number): Amount => amount(10).pow(-places).div(2)

/**
 * Price and quantity are written rounded: as far as half of the last place of one carries over the other, the value may be
 * off. A whole quantity is counted, not measured.
 */
function toleranceOf(price: Amount, quantity: Amount): Amount {
  const ofPrice = quantity.abs().times(halfOfPlace(Math.max(2, placesOf(price))))
  const places = placesOf(quantity)
  const ofQuantity = places === 0 ? ZERO : price.abs().times(halfOfPlace(places))
  return ofPrice.plus(ofQuantity).plus(GROSZ)
}

type Parts = {
  line: InvoiceLine
  price: Amount | undefined
  value: Amount | undefined
  field: string
}

/** A discount (P_10) is taken off the line's value by some and off the price by others; both are read as right. */
function valueAgainstPrice({ line, price, value, field }: Parts): readonly Found[] {
  const { node, quantity, discount = ZERO } = line
  if (quantity === undefined || price === undefined || value === undefined) return []
  const ofLine = quantity.times(price).minus(discount)
  const ofPrice = quantity.times(price.minus(discount))
  const tolerance = toleranceOf(price, quantity)
  return when(!isNear(value, ofLine, tolerance) && !isNear(value, ofPrice, tolerance), node.near(field), {
    line: line.number,
    stated: shown(value),
    expected: shown(rounded(ofLine)),
    quantity: quantity.toFixed(),
    price: shown(price),
    discount: shown(discount),
  })
}

/** A net price that was computed from a gross one is no measure of its value. */
const netValues = ({ lines }: Invoice): readonly Found[] =>
  lines.flatMap((line) =>
    line.unitGross === undefined
      ? valueAgainstPrice({ line, price: line.unitNet, value: line.net, field: 'P_11' })
      : [],
  )

const grossValues = ({ lines }: Invoice): readonly Found[] =>
  lines.flatMap((line) =>
    valueAgainstPrice({ line, price: line.unitGross, value: line.gross, field: 'P_11A' }),
  )

const grossOfNet = ({ lines }: Invoice): readonly Found[] =>
  lines.flatMap(({ node, number, net, gross, percent }) => {
    if (net === undefined || gross === undefined || percent === undefined) return []
    const expected = net.plus(rounded(percentOf(net, percent)))
    return when(!isNear(gross, expected, GROSZ), node.near('P_11A'), {
      line: number,
      stated: shown(gross),
      expected: shown(expected),
    })
  })

const unitGrossOfNet = ({ lines }: Invoice): readonly Found[] =>
  lines.flatMap(({ node, number, unitNet, unitGross, percent }) => {
    if (unitNet === undefined || unitGross === undefined || percent === undefined) return []
    const expected = rounded(unitNet.times(percent.plus(HUNDRED)).div(HUNDRED))
    return when(!isNear(unitGross, expected, GROSZ.times(2)), node.near('P_9B'), {
      line: number,
      stated: shown(unitGross),
      expected: shown(expected),
    })
  })

export const LINE_ARITHMETIC: readonly Rule[] = [
  {
    code: 'FA_LINE_NET',
    severity: 'error',
    source: 'art. 106e ust. 1 pkt 8-11; XSD FA(3), P_11',
    says: {
      pl: 'Wiersz {line}: P_11 wynosi {stated}, a {quantity} × {price} pomniejszone o {discount} to {expected}.',
      en: 'Line {line}: P_11 is {stated}, while {quantity} × {price} less {discount} is {expected}.',
    },
    help: {
      pl: 'Popraw ilość (P_8B), cenę (P_9A), opust (P_10) albo wartość (P_11).',
      en: 'Correct the quantity (P_8B), the price (P_9A), the discount (P_10) or the value (P_11).',
    },
    check: netValues,
    passes: [set('FaWiersz/P_9A', '55.00'), after('FaWiersz/P_9A', element('P_10', '10.00'))],
    fails: [set('FaWiersz/P_9A', '55.00')],
  },
  {
    code: 'FA_LINE_GROSS',
    severity: 'error',
    source: 'art. 106e ust. 7 i 8; XSD FA(3), P_11A',
    says: {
      pl: 'Wiersz {line}: P_11A wynosi {stated}, a {quantity} × {price} pomniejszone o {discount} to {expected}.',
      en: 'Line {line}: P_11A is {stated}, while {quantity} × {price} less {discount} is {expected}.',
    },
    help: {
      pl: 'Popraw ilość (P_8B), cenę brutto (P_9B), opust (P_10) albo wartość brutto (P_11A).',
      en: 'Correct the quantity (P_8B), the gross price (P_9B), the discount (P_10) or the gross value (P_11A).',
    },
    check: grossValues,
    passes: BY_GROSS,
    fails: [...BY_GROSS, set('FaWiersz/P_9B', '62.50')],
  },
  {
    code: 'FA_LINE_GROSS_OF_NET',
    severity: 'warning',
    source: 'art. 106e ust. 7 i 8; XSD FA(3), P_11A',
    says: {
      pl: 'Wiersz {line}: P_11A wynosi {stated}, a wartość netto z podatkiem {expected}.',
      en: 'Line {line}: P_11A is {stated}, while the net value with its tax is {expected}.',
    },
    help: {
      pl: 'Uzgodnij P_11, P_11A i stawkę albo podaj tylko jedną z wartości.',
      en: 'Bring P_11, P_11A and the rate into line, or give only one of the values.',
    },
    check: grossOfNet,
    passes: [after('FaWiersz/P_11', element('P_11A', '123.00'))],
    fails: [after('FaWiersz/P_11', element('P_11A', '125.00'))],
  },
  {
    code: 'FA_LINE_PRICE_GROSS_OF_NET',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 9 i ust. 7; XSD FA(3), P_9B',
    says: {
      pl: 'Wiersz {line}: cena brutto (P_9B) wynosi {stated}, a cena netto z podatkiem {expected}.',
      en: 'Line {line}: the gross price (P_9B) is {stated}, while the net price with its tax is {expected}.',
    },
    help: {
      pl: 'Uzgodnij P_9A, P_9B i stawkę albo podaj tylko jedną z cen.',
      en: 'Bring P_9A, P_9B and the rate into line, or give only one of the prices.',
    },
    check: unitGrossOfNet,
    passes: [after('FaWiersz/P_9A', element('P_9B', '61.50'))],
    fails: [after('FaWiersz/P_9A', element('P_9B', '65.00'))],
  },
  {
    code: 'FA_LINE_DISCOUNT_NEGATIVE',
    severity: 'warning',
    source: 'art. 106e ust. 1 pkt 10; XSD FA(3), P_10',
    says: {
      pl: 'Wiersz {line}: opust (P_10) jest ujemny: {discount}.',
      en: 'Line {line}: the discount (P_10) is negative: {discount}.',
    },
    help: {
      pl: 'Podaj opust jako kwotę dodatnią; podwyżkę ceny pokaż w cenie.',
      en: 'Give a discount as a positive amount; a rise belongs into the price.',
    },
    check: ({ lines, isCorrection }) =>
      lines.flatMap(({ node, number, discount }) =>
        when(!isCorrection && discount?.lt(0) === true, node.near('P_10'), {
          line: number,
          discount: shown(discount),
        }),
      ),
    passes: [set('FaWiersz/P_9A', '55.00'), after('FaWiersz/P_9A', element('P_10', '10.00'))],
    fails: [set('FaWiersz/P_9A', '45.00'), after('FaWiersz/P_9A', element('P_10', '-10.00'))],
  },
]
