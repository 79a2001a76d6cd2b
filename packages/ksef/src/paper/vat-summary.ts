import { childrenOf, type Element, textAt } from './element.ts'
import type { Words } from './labels/label.ts'
import type { Block, Cell, Row } from './paper.ts'
import { sum } from './values.ts'
import type { Wording } from './wording.ts'

/** The sums of FA by rate: the ending of `P_13_…` and `P_14_…`, and the rate they belong to (schema FA(3)). */
const RATES: readonly (readonly [ending: string, words: Words])[] = [
  ['1', ['23% lub 22%', '23% or 22%']],
  ['2', ['8% lub 7%', '8% or 7%']],
  ['3', ['5%', '5%']],
  ['4', ['ryczałt dla taksówek (4% lub 3%)', 'flat rate for taxis (4% or 3%)']],
  ['5', ['procedura szczególna (dział XII rozdział 6a)', 'special scheme (OSS)']],
  ['6_1', ['0% w kraju', '0% domestic']],
  ['6_2', ['0% wewnątrzwspólnotowa dostawa towarów', '0% intra-Community supply']],
  ['6_3', ['0% eksport', '0% export']],
  ['7', ['zwolnione (zw)', 'exempt (zw)']],
  ['8', ['poza terytorium kraju (np I)', 'outside Poland (np I)']],
  ['9', ['usługi z art. 100 ust. 1 pkt 4 (np II)', 'services of art. 100(1)(4) (np II)']],
  ['10', ['odwrotne obciążenie (oo)', 'reverse charge (oo)']],
  ['11', ['procedura marży', 'margin scheme']],
]

/** Sums that two rates share: where the lines know only one of them, it is that one. */
const SHARED: Readonly<Record<string, readonly string[]>> = { '1': ['23', '22'], '2': ['8', '7'] }

const LINES: Readonly<Record<string, string>> = { FaWiersz: 'P_12', ZamowienieWiersz: 'P_12Z' }

function ratesOfLines(body: Element): Set<string> {
  const lines = [body, ...childrenOf(body, 'Zamowienie')].flatMap(({ children }) => children)
  return new Set(lines.map((line) => textAt(line, LINES[line.name] ?? '')))
}

const namesOf = (ending: string) =>
  ({ net: `P_13_${ending}`, vat: `P_14_${ending}`, inPln: `P_14_${ending}W` }) as const

/** The elements the summary shows. */
export const VAT_SUMMARY_NAMES: readonly string[] = RATES.flatMap(([ending]) =>
  Object.values(namesOf(ending)),
)

/** Net, VAT and gross of each rate that occurs; gross and the last row are sums of what the invoice says. */
export function vatSummary(w: Wording, body: Element): Block[] {
  const used = ratesOfLines(body)
  const rateOf = (ending: string, words: Words): string => {
    const [one, ...others] = (SHARED[ending] ?? []).filter((rate) => used.has(rate))
    return one === undefined || others.length > 0 ? w.words(words) : `${one}%`
  }
  const sums = RATES.map(([ending, words]) => {
    const { net, vat, inPln } = namesOf(ending)
    return {
      rate: rateOf(ending, words),
      net: textAt(body, net),
      vat: textAt(body, vat),
      inPln: textAt(body, inPln),
    }
  }).filter(({ net, vat, inPln }) => net !== '' || vat !== '' || inPln !== '')
  if (sums.length === 0) return []
  const hasPln = sums.some(({ inPln }) => inPln !== '')
  const added = (amounts: readonly string[]): string => sum(amounts.filter((one) => one !== '')) ?? ''
  const amount = (text: string, strong = false): Cell => ({ text: w.number(text), strong })
  const rows = sums.map(
    ({ rate, net, vat, inPln }): Row => ({
      cells: [
        { text: rate },
        amount(net),
        amount(vat),
        ...(hasPln ? [amount(inPln)] : []),
        amount(added([net, vat])),
      ],
    }),
  )
  const total = (pick: (row: (typeof sums)[number]) => string): string => added(sums.map(pick))
  const totals = [total(({ net }) => net), total(({ vat }) => vat)]
  const last: Row = {
    cells: [
      { text: w.say('sum'), strong: true },
      ...totals.map((text) => amount(text, true)),
      ...(hasPln
        ? [
            amount(
              total(({ inPln }) => inPln),
              true,
            ),
          ]
        : []),
      amount(added(totals), true),
    ],
  }
  const titles = [w.say('net'), w.say('vat'), ...(hasPln ? [w.say('vatInPln')] : []), w.say('gross')]
  return [
    {
      kind: 'table',
      columns: [
        { title: w.say('rate'), align: 'left' },
        ...titles.map((title) => ({ title, align: 'right' as const })),
      ],
      rows: sums.length > 1 ? [...rows, last] : rows,
    },
  ]
}
