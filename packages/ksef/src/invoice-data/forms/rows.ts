/** Lines of an invoice and of an order. */
import * as z from 'zod'
import { flag, may, must, only } from '../grammar/fields.ts'
import { body, named, type Value } from '../grammar/part.ts'
import { AMOUNT, code, day, natural, PERCENT, PRICE, QUANTITY, text, word } from '../grammar/values.ts'

export const VAT_RATES = [
  '23',
  '22',
  '8',
  '7',
  '5',
  '4',
  '3',
  '0 KR',
  '0 WDT',
  '0 EX',
  'zw',
  'oo',
  'np I',
  'np II',
] as const
/** Of FA(2), which does not tell zeros nor places apart. */
const VAT_RATES_FA2 = ['23', '22', '8', '7', '5', '4', '3', '0', 'zw', 'oo', 'np'] as const

const GTU = word([
  'GTU_01',
  'GTU_02',
  'GTU_03',
  'GTU_04',
  'GTU_05',
  'GTU_06',
  'GTU_07',
  'GTU_08',
  'GTU_09',
  'GTU_10',
  'GTU_11',
  'GTU_12',
  'GTU_13',
])
const PROCEDURES_OF_ORDERS = ['WSTO_EE', 'IED', 'TT_D', 'B_SPV', 'B_SPV_DOSTAWA', 'B_MPV_PROWIZJA'] as const
const PROCEDURES = [...PROCEDURES_OF_ORDERS, 'I_42', 'I_63'] as const

type Rate<Name extends string> = z.ZodPipe<
  z.ZodUnion<readonly [z.ZodEnum<{ [Each in Name]: Each }>, z.ZodLiteral<number>]>,
  z.ZodTransform<Name, Name | number>
>

/** A rate, as text or, where it is a number, as one. `margin` is no rate: nothing stands in the element. */
function rate<const Names extends readonly string[]>(names: Names): Value<Rate<Names[number] | 'margin'>> {
  const { schema, read } = code(Object.fromEntries([...names, 'margin'].map((each) => [each, each])))
  const numbers = names.map(Number).filter((each) => each > 0)
  const error = `expected a rate: ${names.join(', ')} or margin`
  return {
    schema: z.union([schema, z.literal(numbers)], { error }).transform(String) as never,
    shape: null,
    write: String,
    read,
  }
}

const vatRate = (element: string, names: readonly string[] = VAT_RATES) => {
  const value = rate(names)
  const part = may(element, value, 'Rate of VAT, or `margin`')
  return {
    ...part,
    write: (data: unknown, pointer: string) => (data === 'margin' ? [] : part.write(data as never, pointer)),
  }
}

const goods = (suffix: '' | 'Z', names: { id: string; name: string }) => ({
  id: may(names.id, text(50), 'Universal unique number of the line'),
  name: may(names.name, text(512), 'Goods or service'),
  index: may(`Indeks${suffix}`, text(50), 'Your own code of the goods or service'),
  gtin: may(`GTIN${suffix}`, text(20), 'Global trade item number'),
  pkwiu: may(`PKWiU${suffix}`, text(50), 'PKWiU symbol'),
  cn: may(`CN${suffix}`, text(50), 'Combined Nomenclature symbol'),
  pkob: may(`PKOB${suffix}`, text(50), 'PKOB symbol'),
})

const { id, name, ...classified } = goods('', { id: 'UU_ID', name: 'P_7' })

const lineFields = (rates: readonly string[], nameMax: number) => ({
  number: may('NrWierszaFa', natural, 'Number of the line; counted when left out'),
  id,
  date: may('P_6A', day, 'Date of supply of this line'),
  name: may('P_7', text(nameMax), 'Goods or service'),
  ...classified,
  unit: may('P_8A', text(256), 'Unit of measure'),
  quantity: may('P_8B', QUANTITY, 'Quantity'),
  netUnitPrice: may('P_9A', PRICE, 'Unit price without VAT'),
  grossUnitPrice: may('P_9B', PRICE, 'Unit price with VAT'),
  discount: may('P_10', PRICE, 'Amount by which the value of the line is lowered'),
  netValue: may(
    'P_11',
    AMOUNT,
    'Value without VAT; worked out from quantity, price and discount when left out',
  ),
  grossValue: may('P_11A', AMOUNT, 'Value with VAT; worked out when prices are gross'),
  vat: may('P_11Vat', AMOUNT, 'VAT of the line'),
  vatRate: vatRate('P_12', rates),
  ossVatRate: may('P_12_XII', PERCENT, 'Rate of another EU country under OSS, in percent'),
  annex15: flag('P_12_Zal_15', 'Goods or service of annex 15, under split payment'),
  exciseDuty: may('KwotaAkcyzy', AMOUNT, 'Excise duty within the price'),
  gtu: may('GTU', GTU, 'GTU group'),
  procedure: may('Procedura', word(PROCEDURES), 'Special procedure'),
  exchangeRate: may('KursWaluty', QUANTITY, 'Exchange rate of this line, PLN for one unit of the currency'),
  before: flag('StanPrzed', 'The line as it was before the correction'),
  discountPercent: only(PERCENT.schema, 'Discount in percent, from which `discount` is worked out'),
})

export const line = named('InvoiceLine', body(lineFields(VAT_RATES, 512)))
export const lineOfFa2 = body(lineFields(VAT_RATES_FA2, 256))

const orderFields = (rates: readonly string[]) => ({
  number: may('NrWierszaZam', natural, 'Number of the line; counted when left out'),
  ...goods('Z', { id: 'UU_IDZ', name: 'P_7Z' }),
  unit: may('P_8AZ', text(256), 'Unit of measure'),
  quantity: may('P_8BZ', QUANTITY, 'Quantity'),
  netUnitPrice: may('P_9AZ', PRICE, 'Unit price without VAT'),
  netValue: may('P_11NettoZ', AMOUNT, 'Value without VAT; worked out from quantity and price when left out'),
  vat: may('P_11VatZ', AMOUNT, 'VAT; worked out when left out'),
  vatRate: vatRate('P_12Z', rates),
  ossVatRate: may('P_12Z_XII', PERCENT, 'Rate of another EU country under OSS, in percent'),
  annex15: flag('P_12Z_Zal_15', 'Goods or service of annex 15, under split payment'),
  gtu: may('GTUZ', GTU, 'GTU group'),
  procedure: may('ProceduraZ', word(PROCEDURES_OF_ORDERS), 'Special procedure'),
  exciseDuty: may('KwotaAkcyzyZ', AMOUNT, 'Excise duty within the price'),
  before: flag('StanPrzedZ', 'The line as it was before the correction'),
})

export const orderLine = named('InvoiceOrderLine', body(orderFields(VAT_RATES)))
export const orderLineOfFa2 = body(orderFields(VAT_RATES_FA2))

/** FA_RR(1). */
export const lineRr = named(
  'InvoiceRrLine',
  body({
    number: may('NrWierszaFa', natural, 'Number of the line; counted when left out'),
    id,
    date: may('P_4AA', day, 'Date of the purchase of this line'),
    name: must('P_5', text(256), 'Agricultural product or service'),
    gtin: classified.gtin,
    pkwiu: classified.pkwiu,
    cn: classified.cn,
    unit: must('P_6A', text(256), 'Unit of measure'),
    quantity: must('P_6B', QUANTITY, 'Quantity'),
    quality: must('P_6C', text(256), 'Class or quality'),
    unitPrice: must('P_7', PRICE, 'Unit price without the flat-rate refund'),
    value: may('P_8', AMOUNT, 'Value without the refund; worked out when left out'),
    refundRate: must('P_9', word(['6.5', '7']), 'Rate of the flat-rate refund, in percent'),
    refund: may('P_10', AMOUNT, 'Flat-rate refund; worked out when left out'),
    grossValue: may('P_11', AMOUNT, 'Value with the refund; worked out when left out'),
    before: flag('StanPrzed', 'The line as it was before the correction'),
    exchangeRate: may('KursWaluty', QUANTITY, 'Exchange rate of this line'),
  }),
)
