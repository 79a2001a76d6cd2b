/** The rates of FA(3) and the fields of `Fa` that sum them up: one row for each place a line's value can go. */
export const RATE_GROUPS = {
  '23': { net: 'P_13_1', vat: 'P_14_1', vatPln: 'P_14_1W', rates: ['23', '22'] },
  '8': { net: 'P_13_2', vat: 'P_14_2', vatPln: 'P_14_2W', rates: ['8', '7'] },
  '5': { net: 'P_13_3', vat: 'P_14_3', vatPln: 'P_14_3W', rates: ['5'] },
  taxi: { net: 'P_13_4', vat: 'P_14_4', vatPln: 'P_14_4W', rates: ['4', '3'] },
  oss: { net: 'P_13_5', vat: 'P_14_5', vatPln: null, rates: [] },
  '0 KR': { net: 'P_13_6_1', vat: null, vatPln: null, rates: ['0 KR'] },
  '0 WDT': { net: 'P_13_6_2', vat: null, vatPln: null, rates: ['0 WDT'] },
  '0 EX': { net: 'P_13_6_3', vat: null, vatPln: null, rates: ['0 EX'] },
  zw: { net: 'P_13_7', vat: null, vatPln: null, rates: ['zw'] },
  'np I': { net: 'P_13_8', vat: null, vatPln: null, rates: ['np I'] },
  'np II': { net: 'P_13_9', vat: null, vatPln: null, rates: ['np II'] },
  oo: { net: 'P_13_10', vat: null, vatPln: null, rates: ['oo'] },
  margin: { net: 'P_13_11', vat: null, vatPln: null, rates: [] },
} as const satisfies Record<
  string,
  { net: string; vat: string | null; vatPln: string | null; rates: readonly string[] }
>

export type RateGroup = keyof typeof RATE_GROUPS

const BY_RATE: ReadonlyMap<string, RateGroup> = new Map(
  (Object.keys(RATE_GROUPS) as RateGroup[]).flatMap((group) =>
    RATE_GROUPS[group].rates.map((rate) => [rate, group] as const),
  ),
)

/** Where a line of this P_12 is summed up; undefined for `0` and `np` of FA(2), which do not say. */
export const groupOfRate = (rate: string): RateGroup | undefined => BY_RATE.get(rate)

/** Groups with Polish VAT. */
export const TAXED_GROUPS = ['23', '8', '5', 'taxi'] as const satisfies readonly RateGroup[]
export type TaxedGroup = (typeof TAXED_GROUPS)[number]
