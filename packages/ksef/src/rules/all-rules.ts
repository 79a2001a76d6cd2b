import { ACCOUNTS } from './declarations/accounts.ts'
import { ADVANCES } from './declarations/advances.ts'
import { ANNOTATIONS } from './declarations/annotations.ts'
import { ATTACHMENTS } from './declarations/attachments.ts'
import { BUYER } from './declarations/buyer.ts'
import { CORRECTIONS } from './declarations/corrections.ts'
import { CURRENCY } from './declarations/currency.ts'
import { DATES } from './declarations/dates.ts'
import { LINE_ARITHMETIC } from './declarations/line-arithmetic.ts'
import { LINE_CONTENTS } from './declarations/line-contents.ts'
import { LINE_NUMBERS } from './declarations/line-numbers.ts'
import { MARGIN_AND_VEHICLES } from './declarations/margin-and-vehicles.ts'
import { NET_SUMS } from './declarations/net-sums.ts'
import { PAYMENT } from './declarations/payment.ts'
import { PRODUCT_CODES } from './declarations/product-codes.ts'
import { SIMPLIFIED_INVOICES } from './declarations/simplified.ts'
import { SPLIT_PAYMENT } from './declarations/split-payment.ts'
import { TAX } from './declarations/tax.ts'
import { TAX_NUMBERS } from './declarations/tax-numbers.ts'
import { THIRD_PARTIES } from './declarations/third-parties.ts'
import { TOTALS } from './declarations/totals.ts'
import type { Rule } from './rule.ts'

/** Every rule, by what it is about; the pages of docs/RULES.md. */
export const RULE_GROUPS: Readonly<Record<string, readonly Rule[]>> = {
  'Sums of net values': NET_SUMS,
  'Totals and what must be there': TOTALS,
  Tax: TAX,
  'Arithmetic of lines': LINE_ARITHMETIC,
  'Contents of lines': LINE_CONTENTS,
  'Numbers of lines': LINE_NUMBERS,
  'Codes of products and places': PRODUCT_CODES,
  Dates: DATES,
  'Currency and exchange rate': CURRENCY,
  'Tax numbers': TAX_NUMBERS,
  Buyer: BUYER,
  'Third parties': THIRD_PARTIES,
  Annotations: ANNOTATIONS,
  'Split payment': SPLIT_PAYMENT,
  'Margin procedures and new means of transport': MARGIN_AND_VEHICLES,
  'Simplified invoices': SIMPLIFIED_INVOICES,
  Corrections: CORRECTIONS,
  'Advances and settlements': ADVANCES,
  Payment: PAYMENT,
  Accounts: ACCOUNTS,
  Attachments: ATTACHMENTS,
}

export const RULES: readonly Rule[] = Object.values(RULE_GROUPS).flat()
