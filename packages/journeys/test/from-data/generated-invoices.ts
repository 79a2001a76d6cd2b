/** Orders of every kind a caller may have, as JSON: seeded, so that each run sees the same. */
import fc from 'fast-check'

export type Rate =
  | '23'
  | '22'
  | '8'
  | '7'
  | '5'
  | '4'
  | '3'
  | '0 KR'
  | '0 WDT'
  | '0 EX'
  | 'zw'
  | 'oo'
  | 'np I'
  | 'np II'
  | 'margin'
export type GeneratedLine = {
  name: string
  quantity?: string | number
  netUnitPrice?: string
  grossUnitPrice?: string
  discount?: string
  vatRate?: string
  ossVatRate?: string
  before?: boolean
} & Record<string, unknown>

export type GeneratedInvoice = Record<string, unknown> & {
  kind: string
  currency?: string
  exchangeRate?: string
  lines?: GeneratedLine[]
  order?: { lines: GeneratedLine[] }
  totals?: { gross: string }
  correction?: { amountBefore?: string } & Record<string, unknown>
  advanceInvoices?: { deducted: { vatRate: string; net: string; vat?: string }[] }[]
}

export const FA_KINDS = ['VAT', 'KOR', 'ZAL', 'ROZ', 'UPR', 'KOR_ZAL', 'KOR_ROZ'] as const
const TAXED: readonly Rate[] = ['23', '22', '8', '7', '5', '4', '3']
export const RATES: readonly (Rate | 'oss')[] = [
  ...TAXED,
  '0 KR',
  '0 WDT',
  '0 EX',
  'zw',
  'oo',
  'np I',
  'np II',
  'margin',
  'oss',
]

const cents = (min: number, max: number) =>
  fc
    .integer({ min, max })
    .map((value) => `${Math.trunc(value / 100)}.${String(value % 100).padStart(2, '0')}`)
const price = cents(1, 2_000_000)
const quantity = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.integer({ min: 1, max: 5_000_000 }).map((value) => (value / 1000).toFixed(3)),
)
const words = fc.array(
  fc.constantFrom('Łódź', 'śruby M8', 'usługa', '<montaż>', 'A&B', 'żółty', '"x"', 'transport'),
  {
    minLength: 1,
    maxLength: 4,
  },
)

const lineOf = (basis: 'net' | 'gross'): fc.Arbitrary<GeneratedLine> =>
  fc
    .record({
      words,
      quantity,
      price,
      rate: fc.constantFrom(...RATES),
      ossRate: fc.constantFrom('19', '21.5', '25'),
      discount: fc.option(cents(1, 50), { nil: undefined, freq: 4 }),
      gtu: fc.option(fc.constantFrom('GTU_01', 'GTU_12'), { nil: undefined, freq: 4 }),
      unit: fc.constantFrom('szt.', 'kg', 'h'),
    })
    .map(({ words: name, rate, ossRate, price: unitPrice, discount, gtu, ...line }) => ({
      ...line,
      name: name.join(' '),
      ...(basis === 'net' ? { netUnitPrice: unitPrice } : { grossUnitPrice: unitPrice }),
      ...(rate === 'oss' ? { ossVatRate: ossRate } : { vatRate: rate }),
      ...(discount === undefined ? {} : { discount }),
      ...(gtu === undefined ? {} : { gtu }),
    }))

const linesOf = (basis: 'net' | 'gross') => fc.array(lineOf(basis), { minLength: 1, maxLength: 6 })

const address = { line1: 'ul. Długa 1/2', line2: '00-001 Warszawa' }
const buyer = fc.constantFrom<Record<string, unknown>>(
  { nip: '7980332920', name: 'Odbiorca "Żuraw" & syn', address },
  { euVatId: 'DE811569869', name: 'Käufer GmbH', address: { country: 'DE', line1: 'Am Markt 1, Köln' } },
  {
    otherId: { country: 'US', number: '12-3456789' },
    name: 'Buyer Inc.',
    address: { country: 'US', line1: 'Main St 1' },
  },
  { name: 'Jan Kowalski', address },
  { nip: '7980332920', name: 'Gmina', address, jst: true, gv: false },
)
const payment = fc.constantFrom<Record<string, unknown> | undefined>(
  undefined,
  { paidOn: '2026-02-01', form: 'card' },
  {
    due: [{ date: '2026-03-01' }],
    form: 'transfer',
    accounts: [{ number: '73111111111111111111111111', swift: 'BPKOPLPW' }],
  },
  {
    partial: { settled: 'inPart', payments: [{ amount: '10.00', date: '2026-02-01', form: 'cash' }] },
    otherForm: 'kompensata',
  },
  {
    due: [{ description: { quantity: 14, unit: 'dni', event: 'dostawa' } }],
    earlyPaymentDiscount: { conditions: '7 dni', amount: '2 %' },
  },
)
const extras = fc.constantFrom<Record<string, unknown>>(
  {},
  { thirdParties: [{ nip: '5252344078', name: 'Faktor', role: 'factor' }], issuePlace: 'Łódź' },
  {
    terms: {
      orders: [{ date: '2026-01-02', number: 'Z/1' }],
      delivery: 'EXW',
      transports: [{ kind: 'road', load: 'pallet' }],
    },
  },
  {
    notes: [{ key: 'Umowa', value: '<1>' }],
    footer: { texts: ['Kapitał\nzakładowy'], registers: [{ krs: '0000099999' }] },
  },
  {
    settlement: {
      charges: [{ amount: '10.00', reason: 'Odsetki' }],
      deductions: [{ amount: '1.50', reason: 'Nadpłata' }],
    },
  },
)
const money = fc.constantFrom<Record<string, unknown>>(
  {},
  {},
  { currency: 'EUR', exchangeRate: '4.2567' },
  { currency: 'USD', exchangeRate: 3.9 },
)

/** Lines at 0 % and under margins need their reasons. */
const annotationsOf = (lines: readonly GeneratedLine[]) => ({
  ...(lines.some(({ vatRate }) => vatRate === 'zw') ? { exemption: { act: 'art. 43 ust. 1 pkt 2' } } : {}),
  ...(lines.some(({ vatRate }) => vatRate === 'margin') ? { margin: 'usedGoods' } : {}),
})

const common = fc
  .record({ buyer, payment, extras, money })
  .map(({ buyer: whom, payment: how, extras: more, money: currency }) => ({
    buyer: whom,
    ...(how === undefined ? {} : { payment: how }),
    ...more,
    ...currency,
  }))

const heading = {
  issueDate: '2026-02-02',
  seller: { address: { line1: 'ul. Posag 7 Panien 1', line2: '02-495 Warszawa' } },
}
const corrected = {
  issueDate: '2026-01-02',
  number: 'FV/1',
  ksefNumber: '5265877635-20260102-0000014EA18E-17',
}
const reference = (more: Record<string, unknown> = {}) => ({
  reason: 'Korekta',
  effect: 'correctionDate',
  invoices: [corrected],
  ...more,
})

const orderLines = fc.array(
  fc.record({
    name: fc.constant('Etap'),
    quantity,
    netUnitPrice: price,
    vatRate: fc.constantFrom<Rate>(...TAXED, '0 KR', 'zw'),
  }),
  { minLength: 1, maxLength: 4 },
)

const sale = (kind: string) =>
  fc.constantFrom<'net' | 'gross'>('net', 'gross').chain((basis) =>
    fc.record({ common, lines: linesOf(basis) }).map(({ common: about, lines }) => ({
      ...heading,
      ...about,
      kind,
      lines,
      annotations: annotationsOf(lines),
    })),
  )

/** Before and after as lines of their own, or the difference in one. */
const correction = (kind: string) =>
  fc
    .record({ sale: sale(kind), byDifference: fc.boolean(), share: fc.integer({ min: 0, max: 9 }) })
    .map(({ sale: about, byDifference, share }) => {
      const { settlement: _, ...plain } = about as GeneratedInvoice
      const lines = about.lines.flatMap((line): GeneratedLine[] =>
        byDifference
          ? [
              {
                ...line,
                quantity: `-${String(line.quantity)}`,
                ...(line.discount === undefined ? {} : { discount: `-${line.discount}` }),
              },
            ]
          : [
              { ...line, before: true },
              { ...line, quantity: share + 1 },
            ],
      )
      return { ...plain, correction: reference(kind === 'KOR' ? {} : { amountBefore: '100.00' }), lines }
    })

const advance = fc
  .record({ common, lines: orderLines, gross: price })
  .map(({ common: about, lines, gross }) => ({
    ...heading,
    ...about,
    kind: 'ZAL',
    order: { lines },
    totals: { gross },
  }))

const advanceCorrection = fc
  .record({ advance, before: price, back: cents(1, 10_000), newPrice: price })
  .map(({ advance: about, before, back, newPrice }) => {
    const { settlement: _, ...plain } = about as GeneratedInvoice
    const lines = about.order.lines.flatMap((line) => [
      { ...line, before: true },
      { ...line, netUnitPrice: newPrice },
    ])
    return {
      ...plain,
      kind: 'KOR_ZAL',
      correction: reference({ amountBefore: before }),
      order: { lines },
      totals: { gross: `-${back}` },
    }
  })

const final = sale('ROZ').chain((about) =>
  fc.record({ net: price, vat: cents(1, 10_000) }).map(({ net, vat }) => {
    const [{ vatRate }] = about.lines as [GeneratedLine]
    const rate = TAXED.find((each) => each === vatRate)
    const deducted = rate === undefined ? [] : [{ vatRate: rate, net, vat }]
    return { ...about, advanceInvoices: [{ ksefNumber: corrected.ksefNumber, deducted }] }
  }),
)

const simplified = fc
  .record({
    lines: fc.array(
      fc.record({
        name: fc.constant('Paliwo'),
        grossValue: cents(1, 20_000),
        vatRate: fc.constantFrom<Rate>('23', '8'),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  })
  .map(({ lines }) => ({
    ...heading,
    kind: 'UPR',
    buyer: { nip: '7980332920' },
    lines,
  }))

const ARBITRARIES: Record<string, fc.Arbitrary<GeneratedInvoice>> = {
  VAT: sale('VAT'),
  KOR: correction('KOR'),
  ZAL: advance,
  ROZ: final,
  UPR: simplified,
  KOR_ZAL: advanceCorrection,
  KOR_ROZ: correction('KOR_ROZ'),
}

/** As many of each kind, numbered apart. */
export function generatedInvoices(count: number, seed: number): GeneratedInvoice[] {
  const kinds = Object.entries(ARBITRARIES)
  const each = Math.ceil(count / kinds.length)
  return kinds
    .flatMap(([kind, arbitrary]) =>
      fc
        .sample(arbitrary, { seed, numRuns: each })
        .map((data, index) => ({ ...data, number: `${kind}/${index + 1}` })),
    )
    .slice(0, count)
}

const rrLine = fc.record({
  name: fc.constantFrom('Pszenica', 'Mleko'),
  unit: fc.constant('t'),
  quantity,
  quality: fc.constant('klasa A'),
  unitPrice: price,
  refundRate: fc.constantFrom('7', '6.5'),
})

export type GeneratedRr = {
  kind?: string
  lines: { quantity: string | number; unitPrice: string; refundRate: string; before?: boolean }[]
}

/** Of FA_RR(1), first ones and corrections. */
export const generatedRrInvoices = (count: number, seed: number): GeneratedRr[] =>
  fc
    .sample(fc.array(rrLine, { minLength: 1, maxLength: 4 }), { seed, numRuns: count })
    .map((lines, index) => ({
      form: 'FA_RR (1)',
      issueDate: '2026-02-02',
      number: `RR/${index + 1}`,
      seller: { nip: '7980332920', name: 'Jan Kowalski', address },
      buyer: { address },
      ...(index % 2 === 0
        ? { lines }
        : {
            kind: 'KOR_VAT_RR',
            correction: reference(),
            lines: lines.flatMap((line) => [
              { ...line, before: true },
              { ...line, quantity: 2 },
            ]),
          }),
    }))
