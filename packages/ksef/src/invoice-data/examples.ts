/** One lawful invoice of each kind, as a caller would write it: for the documentation, and held lawful by tests. */
import type { FaData } from './forms/fa.ts'
import type { FaRrData } from './forms/fa-rr.ts'

type FaExample = Omit<FaData, 'issueDate'> & { issueDate: string }

const seller = { address: { line1: 'ul. Posag 7 Panien 1', line2: '02-495 Warszawa' } }
const buyer = {
  nip: '7980332920',
  name: 'Stolarnia Dąb sp. z o.o.',
  address: { line1: 'ul. Leśna 3', line2: '17-230 Białowieża' },
}
const ORIGINAL = {
  issueDate: '2026-02-02',
  number: 'FV/2026/02/0001',
  ksefNumber: '5265877635-20260202-0000014EA18E-17',
}
const ADVANCE = '5265877635-20260203-0000014EA18F-35'

export const INVOICE_EXAMPLES = {
  VAT: {
    kind: 'VAT',
    number: 'FV/2026/02/0001',
    issueDate: '2026-02-02',
    saleDate: '2026-01-30',
    seller,
    buyer,
    lines: [
      { name: 'Deski świerkowe', unit: 'm3', quantity: '2.5', netUnitPrice: '850.00', vatRate: '23' },
      {
        name: 'Drewno opałowe',
        unit: 'm3',
        quantity: '4',
        netUnitPrice: '210.00',
        discount: '40.00',
        vatRate: '8',
      },
    ],
    payment: {
      due: [{ date: '2026-02-16' }],
      form: 'transfer',
      accounts: [{ number: '73111111111111111111111111', bankName: 'Bank Bankowości Bankowej S. A.' }],
    },
  },
  KOR: {
    kind: 'KOR',
    number: 'KOR/2026/02/0001',
    issueDate: '2026-02-10',
    seller,
    buyer,
    correction: { reason: 'Zwrot towaru', effect: 'correctionDate', invoices: [ORIGINAL] },
    lines: [
      {
        name: 'Deski świerkowe',
        unit: 'm3',
        quantity: '2.5',
        netUnitPrice: '850.00',
        vatRate: '23',
        before: true,
      },
      { name: 'Deski świerkowe', unit: 'm3', quantity: '2', netUnitPrice: '850.00', vatRate: '23' },
    ],
  },
  ZAL: {
    kind: 'ZAL',
    number: 'ZAL/2026/02/0001',
    issueDate: '2026-02-03',
    saleDate: '2026-02-03',
    seller,
    buyer,
    totals: { gross: '2000.00' },
    order: {
      lines: [
        { name: 'Taras drewniany', unit: 'szt.', quantity: '1', netUnitPrice: '6000.00', vatRate: '23' },
        { name: 'Montaż', unit: 'usł.', quantity: '1', netUnitPrice: '1500.00', vatRate: '8' },
      ],
    },
  },
  ROZ: {
    kind: 'ROZ',
    number: 'ROZ/2026/02/0001',
    issueDate: '2026-02-20',
    seller,
    buyer,
    advanceInvoices: [
      {
        ksefNumber: ADVANCE,
        deducted: [
          { vatRate: '23', net: '1332.85', vat: '306.56' },
          { vatRate: '8', net: '333.88', vat: '26.71' },
        ],
      },
    ],
    lines: [
      { name: 'Taras drewniany', unit: 'szt.', quantity: '1', netUnitPrice: '6000.00', vatRate: '23' },
      { name: 'Montaż', unit: 'usł.', quantity: '1', netUnitPrice: '1500.00', vatRate: '8' },
    ],
  },
  UPR: {
    kind: 'UPR',
    number: 'UPR/2026/02/0001',
    issueDate: '2026-02-05',
    seller,
    buyer: { nip: '7980332920' },
    lines: [{ name: 'Paliwo', grossValue: '320.00', vatRate: '23' }],
  },
  KOR_ZAL: {
    kind: 'KOR_ZAL',
    number: 'KOR/2026/02/0002',
    issueDate: '2026-02-12',
    seller,
    buyer,
    correction: {
      reason: 'Zwrot części zaliczki',
      effect: 'correctionDate',
      invoices: [{ issueDate: '2026-02-03', number: 'ZAL/2026/02/0001', ksefNumber: ADVANCE }],
      amountBefore: '2000.00',
    },
    totals: { gross: '-500.00' },
    order: {
      lines: [
        {
          name: 'Taras drewniany',
          unit: 'szt.',
          quantity: '1',
          netUnitPrice: '6000.00',
          vatRate: '23',
          before: true,
        },
        { name: 'Taras drewniany', unit: 'szt.', quantity: '1', netUnitPrice: '4500.00', vatRate: '23' },
      ],
    },
  },
  KOR_ROZ: {
    kind: 'KOR_ROZ',
    number: 'KOR/2026/02/0003',
    issueDate: '2026-02-25',
    seller,
    buyer,
    correction: {
      reason: 'Rabat',
      effect: 'correctionDate',
      invoices: [{ issueDate: '2026-02-20', number: 'ROZ/2026/02/0001' }],
      amountBefore: '7000.00',
    },
    lines: [
      { name: 'Taras drewniany, rabat', unit: 'szt.', quantity: '1', netUnitPrice: '-300.00', vatRate: '23' },
    ],
  },
} as const satisfies Record<NonNullable<FaData['kind']>, FaExample>

const farmer = {
  nip: '7980332920',
  name: 'Jan Kowalski',
  address: { line1: 'Nowa Wola 7', line2: '16-040 Gródek' },
}

/** Of FA_RR(1). */
export const INVOICE_RR_EXAMPLES = {
  VAT_RR: {
    form: 'FA_RR (1)',
    kind: 'VAT_RR',
    number: 'RR/2026/02/0001',
    issueDate: '2026-02-02',
    saleDate: '2026-02-02',
    seller: farmer,
    buyer: seller,
    lines: [
      {
        name: 'Pszenica',
        unit: 't',
        quantity: '12.5',
        quality: 'klasa A',
        unitPrice: '780.00',
        refundRate: '7',
      },
    ],
    payment: { form: 'transfer', supplierAccounts: [{ number: '73111111111111111111111111' }] },
  },
  KOR_VAT_RR: {
    form: 'FA_RR (1)',
    kind: 'KOR_VAT_RR',
    number: 'KRR/2026/02/0001',
    issueDate: '2026-02-10',
    seller: farmer,
    buyer: seller,
    correction: {
      reason: 'Błędna waga',
      effect: 'correctionDate',
      invoices: [{ issueDate: '2026-02-02', number: 'RR/2026/02/0001' }],
    },
    lines: [
      {
        name: 'Pszenica',
        unit: 't',
        quantity: '12.5',
        quality: 'klasa A',
        unitPrice: '780.00',
        refundRate: '7',
        before: true,
      },
      {
        name: 'Pszenica',
        unit: 't',
        quantity: '12',
        quality: 'klasa A',
        unitPrice: '780.00',
        refundRate: '7',
      },
    ],
  },
} as const satisfies Record<NonNullable<FaRrData['kind']>, FaRrData>
