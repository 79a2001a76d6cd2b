/**
 * The totals of an invoice, worked out a second time and another way: fractions of whole numbers, never rounded before the
 * law says so, from the JSON a caller sends. It shares nothing with the product.
 */
import type { GeneratedInvoice, GeneratedLine, GeneratedRr } from './generated-invoices.ts'

type Fraction = readonly [over: bigint, under: bigint]

const of = (text: string | number): Fraction => {
  const [, sign = '', whole = '0', part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text)) ?? []
  return [BigInt(`${sign}${whole}${part}`), 10n ** BigInt(part.length)]
}
const add = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * d + c * b, b * d]
const times = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * c, b * d]
const over = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * d, b * c]
const minus = (one: Fraction, other: Fraction): Fraction => add(one, times([-1n, 1n], other))

/** Grosze, half of one away from zero. */
function grosze([a, b]: Fraction): bigint {
  const [top, bottom] = b < 0n ? [-a * 100n, -b] : [a * 100n, b]
  const size = top < 0n ? -top : top
  const rounded = (2n * size + bottom) / (2n * bottom)
  return top < 0n ? -rounded : rounded
}
const money = (amount: bigint): Fraction => [amount, 100n]

const PLACES: Record<string, [net: string, vat: string | null]> = {
  23: ['P_13_1', 'P_14_1'],
  22: ['P_13_1', 'P_14_1'],
  8: ['P_13_2', 'P_14_2'],
  7: ['P_13_2', 'P_14_2'],
  5: ['P_13_3', 'P_14_3'],
  4: ['P_13_4', 'P_14_4'],
  3: ['P_13_4', 'P_14_4'],
  '0 KR': ['P_13_6_1', null],
  '0 WDT': ['P_13_6_2', null],
  '0 EX': ['P_13_6_3', null],
  zw: ['P_13_7', null],
  'np I': ['P_13_8', null],
  'np II': ['P_13_9', null],
  oo: ['P_13_10', null],
  margin: ['P_13_11', null],
}

export type Elements = Map<string, bigint>
const book = (elements: Elements, name: string, amount: bigint) =>
  elements.set(name, (elements.get(name) ?? 0n) + amount)

/** Grosze of a line, and whether VAT is within them. */
function worth(line: GeneratedLine): { amount: bigint; gross: boolean } {
  const given = line['grossValue']
  if (typeof given === 'string') return { amount: grosze(of(given)), gross: true }
  const gross = line.grossUnitPrice !== undefined
  const unit = of((gross ? line.grossUnitPrice : line.netUnitPrice) ?? '0')
  return { amount: grosze(minus(times(of(line.quantity ?? 1), unit), of(line.discount ?? '0'))), gross }
}

type Pile = { rate: string; before: boolean; gross: boolean; amount: bigint }

function bookPiles(elements: Elements, piles: readonly Pile[]): void {
  for (const { rate, before, gross, amount } of piles) {
    const sign = before ? -1n : 1n
    const oss = rate.startsWith('oss ')
    const [net, vat] = oss ? ['P_13_5', 'P_14_5'] : (PLACES[rate] ?? ['?', null])
    if (vat === null) {
      book(elements, net, sign * amount)
      continue
    }
    const percent = of(rate.replace('oss ', ''))
    const base = gross ? add(percent, [100n, 1n]) : ([100n, 1n] as Fraction)
    const tax = grosze(over(times(money(amount), percent), base))
    book(elements, net, sign * (gross ? amount - tax : amount))
    book(elements, vat, sign * tax)
  }
}

const rateOf = (line: GeneratedLine): string => line.vatRate ?? `oss ${line.ossVatRate}`

function pilesOfLines(lines: readonly GeneratedLine[]): Pile[] {
  const piles = new Map<string, Pile>()
  for (const line of lines) {
    const { amount, gross } = worth(line)
    const [rate, before] = [rateOf(line), line.before === true]
    const key = `${rate} ${before}`
    piles.set(key, { rate, before, gross, amount: amount + (piles.get(key)?.amount ?? 0n) })
  }
  return [...piles.values()]
}

/** A payment over the rates of an order: each its part, the last what is left. */
function pilesOfPayment(payment: bigint, lines: readonly GeneratedLine[], before: boolean): Pile[] {
  const shares = new Map<string, { place: string; rate: string; part: bigint }>()
  for (const line of lines) {
    const net = worth(line).amount
    const rate = rateOf(line)
    const [, vat] = PLACES[rate] ?? ['', null]
    const tax = vat === null ? 0n : grosze(over(times(money(net), of(rate)), [100n, 1n]))
    shares.set(rate, { place: vat ?? '', rate, part: net + tax + (shares.get(rate)?.part ?? 0n) })
  }
  const whole = [...shares.values()].reduce((total, { part }) => total + part, 0n)
  let left = payment
  return [...shares.values()].map(({ rate, part }, index) => {
    const amount =
      index === shares.size - 1 ? left : grosze(over(times(money(payment), [part, 1n]), [whole, 1n]))
    left -= amount
    return { rate, before, gross: true, amount }
  })
}

function pilesOf(invoice: GeneratedInvoice): Pile[] {
  if (invoice.lines !== undefined) return pilesOfLines(invoice.lines)
  const lines = invoice.order?.lines ?? []
  const payment = grosze(of(invoice.totals?.gross ?? '0'))
  if (invoice.kind === 'ZAL') return pilesOfPayment(payment, lines, false)
  const before = grosze(of(invoice.correction?.amountBefore ?? '0'))
  const sides = [true, false].map((side) => lines.filter((line) => (line.before === true) === side))
  return [
    ...pilesOfPayment(before + payment, sides[1] ?? [], false),
    ...pilesOfPayment(before, sides[0] ?? [], true),
  ]
}

/** What P_13_x, P_14_x, P_14_xW and P_15 must say, in grosze. */
export function totalsOf(invoice: GeneratedInvoice): Elements {
  const elements: Elements = new Map()
  bookPiles(elements, pilesOf(invoice))
  if (invoice.kind === 'ROZ')
    for (const { vatRate, net, vat = '0' } of invoice.advanceInvoices?.flatMap(({ deducted }) => deducted) ??
      []) {
      const [place, tax] = PLACES[vatRate] ?? ['?', null]
      book(elements, place, -grosze(of(net)))
      if (tax !== null) book(elements, tax, -grosze(of(vat)))
    }
  const sums = [...elements]
  if (invoice.exchangeRate !== undefined)
    for (const [name, amount] of sums)
      if (/^P_14_[1-4]$/.test(name))
        elements.set(`${name}W`, grosze(times(money(amount), of(invoice.exchangeRate))))
  elements.set(
    'P_15',
    sums.reduce((total, [, amount]) => total + amount, 0n),
  )
  return elements
}

/** What P_11_1, P_11_2 and P_12_1 of an invoice RR must say. */
export function totalsOfRr(invoice: GeneratedRr): Elements {
  const elements: Elements = new Map([
    ['P_11_1', 0n],
    ['P_11_2', 0n],
  ])
  for (const { quantity, unitPrice, refundRate, before } of invoice.lines) {
    const value = grosze(times(of(quantity), of(unitPrice)))
    const refund = grosze(over(times(money(value), of(refundRate)), [100n, 1n]))
    book(elements, 'P_11_1', before === true ? -value : value)
    book(elements, 'P_11_2', before === true ? -refund : refund)
  }
  return elements.set('P_12_1', (elements.get('P_11_1') ?? 0n) + (elements.get('P_11_2') ?? 0n))
}

/** The same elements, read out of the XML. */
export function totalsIn(xml: string, names: RegExp): Elements {
  const found = [...xml.matchAll(/<(P_\w+)>(-?[\d.]+)</g)].filter(([, name = '']) => names.test(name))
  return new Map(found.map(([, name = '', amount = '0']) => [name, grosze(of(amount))]))
}
