import { identifier, nip, object } from '../request-schemas.ts'

/** Schema InvoiceQueryFilters, as its request body is checked. */
const moment = { type: 'string', minLength: 10 }
const optional = (type: string) => ({ type, nullable: true })
const oneOf = (...values: string[]) => ({ type: 'string', enum: [...values, null], nullable: true })
const manyOf = (...values: string[]) => ({
  type: 'array',
  nullable: true,
  items: { type: 'string', enum: values },
})
const FA_TYPES = ['Vat', 'Zal', 'Kor', 'Roz', 'Upr', 'KorZal', 'KorRoz']
const OTHER_TYPES = ['VatPef', 'VatPefSp', 'KorPef', 'VatRr', 'KorVatRr']

export const filterBody = object(['subjectType', 'dateRange'], {
  subjectType: { type: 'string', enum: ['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized'] },
  dateRange: object(['dateType', 'from'], {
    dateType: { type: 'string', enum: ['Issue', 'Invoicing', 'PermanentStorage'] },
    from: moment,
    to: { ...moment, nullable: true },
    restrictToPermanentStorageHwmDate: optional('boolean'),
  }),
  ksefNumber: { type: 'string', minLength: 35, maxLength: 36, nullable: true },
  invoiceNumber: { type: 'string', maxLength: 256, nullable: true },
  sellerNip: { ...nip, nullable: true },
  amount: {
    ...object(['type'], {
      type: { enum: ['Brutto', 'Netto', 'Vat'] },
      from: optional('number'),
      to: optional('number'),
    }),
    nullable: true,
  },
  buyerIdentifier: {
    ...object(['type'], {
      ...identifier(['Nip', 'VatUe', 'Other', 'None']).properties,
      value: { type: 'string', maxLength: 50, nullable: true },
    }),
    nullable: true,
  },
  currencyCodes: {
    type: 'array',
    nullable: true,
    items: { type: 'string', pattern: '^[A-Z]{3}$' },
  },
  invoicingMode: oneOf('Online', 'Offline'),
  formType: oneOf('FA', 'PEF', 'FA_RR'),
  invoiceTypes: manyOf(...FA_TYPES, ...OTHER_TYPES),
  isSelfInvoicing: optional('boolean'),
  hasAttachment: optional('boolean'),
})
