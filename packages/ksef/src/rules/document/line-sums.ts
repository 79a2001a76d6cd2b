import { type Amount, amount, GROSZ, HUNDRED, percentOf, percentWithin, rounded, ZERO } from './amount.ts'
import type { InvoiceLine } from './invoice-line.ts'
import type { RateGroup } from './rate-groups.ts'

/** What the lines of one group come to; lines of the state before a correction count against it. */
export type LineSum = {
  readonly lines: number
  readonly net: Amount
  /** How far `net` may be off lawfully: nothing, unless gross values stand behind it. */
  readonly tolerance: Amount
  /** The tax by each method the act allows: of net or gross values, of their sum or line by line (art. 106e ust. 7-10). */
  readonly vat: readonly Amount[]
  readonly percents: readonly Amount[]
}

/** Of the lines at one rate. */
type Running = {
  readonly lines: number
  readonly grossLines: number
  /** Of lines with a net value. */
  readonly net: Amount
  /** Of lines that have a gross value only. */
  readonly grossOnly: Amount
  /** Of all: as stated, else computed from the net value. */
  readonly gross: Amount
  readonly vat: Amount
  readonly vatWithin: Amount
}

const NOTHING: Running = {
  lines: 0,
  grossLines: 0,
  net: ZERO,
  grossOnly: ZERO,
  gross: ZERO,
  vat: ZERO,
  vatWithin: ZERO,
}

const HALF_GROSZ = GROSZ.div(2)

export function lineSums(lines: readonly InvoiceLine[]): ReadonlyMap<RateGroup, LineSum> {
  const byGroup = new Map<RateGroup, Map<string, Running>>()
  for (const line of lines) {
    if (line.group === undefined) continue
    const byPercent = byGroup.get(line.group) ?? new Map<string, Running>()
    byGroup.set(line.group, byPercent)
    const percent = (line.percent ?? ZERO).toFixed()
    byPercent.set(percent, withLine(byPercent.get(percent) ?? NOTHING, line))
  }
  return new Map([...byGroup].map(([group, byPercent]) => [group, sumOf(byPercent)]))
}

function withLine(before: Running, line: InvoiceLine): Running {
  const { percent = ZERO, isBefore } = line
  const signed = (value: Amount): Amount => (isBefore ? value.neg() : value)
  const gross = line.gross ?? (line.net ?? ZERO).plus(vatOfLine(line))
  return {
    lines: before.lines + 1,
    grossLines: before.grossLines + (line.gross === undefined ? 0 : 1),
    net: before.net.plus(signed(line.net ?? ZERO)),
    grossOnly: line.net === undefined ? before.grossOnly.plus(signed(gross)) : before.grossOnly,
    gross: before.gross.plus(signed(gross)),
    vat: before.vat.plus(signed(vatOfLine(line))),
    vatWithin: before.vatWithin.plus(signed(rounded(percentWithin(gross, percent)))),
  }
}

/** As the line states it, else computed. */
export function vatOfLine({ vat, net, gross, percent = ZERO }: InvoiceLine): Amount {
  if (vat !== undefined) return vat
  if (net !== undefined) return rounded(percentOf(net, percent))
  return gross === undefined ? ZERO : rounded(percentWithin(gross, percent))
}

function sumOf(byPercent: ReadonlyMap<string, Running>): LineSum {
  const parts = [...byPercent].map(([text, part]) => ({ ...part, percent: amount(text) }))
  const sum = (of: (part: (typeof parts)[number]) => Amount): Amount =>
    parts.reduce((all, part) => all.plus(of(part)), ZERO)
  // A margin is no rate: at 0 % what such a line comes to is its whole value.
  const netOf = ({ net, grossOnly, percent }: (typeof parts)[number]): Amount =>
    net.plus(grossOnly.times(HUNDRED).div(percent.plus(HUNDRED)))
  const grossLines = parts.reduce((all, part) => all + part.grossLines, 0)
  const isExact = grossLines === 0 || parts.every(({ percent }) => percent.eq(0))
  return {
    lines: parts.reduce((all, part) => all + part.lines, 0),
    net: isExact ? sum(netOf) : rounded(sum(netOf)),
    tolerance: isExact ? ZERO : GROSZ.plus(HALF_GROSZ.times(grossLines)),
    vat: [
      sum((part) => rounded(percentOf(netOf(part), part.percent))),
      sum(({ vat }) => vat),
      sum(({ gross, percent }) => rounded(percentWithin(gross, percent))),
      sum(({ vatWithin }) => vatWithin),
    ],
    percents: parts.map(({ percent }) => percent),
  }
}
