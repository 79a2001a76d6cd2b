import { ANNOTATION_LABELS } from './labels/annotation-labels.ts'
import { CODE_LABELS, RR_CODE_LABELS } from './labels/code-labels.ts'
import { INVOICE_LABELS } from './labels/invoice-labels.ts'
import type { Labels } from './labels/label.ts'
import { LINE_LABELS } from './labels/line-labels.ts'
import { PARTY_LABELS } from './labels/party-labels.ts'
import { PAYMENT_LABELS } from './labels/payment-labels.ts'
import { RR_LABELS } from './labels/rr-labels.ts'
import { UPO_LABELS } from './labels/upo-labels.ts'

/** What a form calls its elements, and how their values are to be read. */
export type FormWording = {
  readonly labels: Labels
  readonly codes: Readonly<Record<string, Labels>>
  /** Elements that hold numbers: aligned right, with separators. */
  readonly numbers: RegExp
  readonly percents: RegExp
}

const FA_LABELS: Labels = {
  ...PARTY_LABELS,
  ...INVOICE_LABELS,
  ...ANNOTATION_LABELS,
  ...LINE_LABELS,
  ...PAYMENT_LABELS,
}

/** Amounts, prices, quantities and rates of exchange that every form has. */
const COMMON = 'Kwota\\w*|Suma(?:Obciazen|Odliczen)|DoZaplaty|DoRozliczenia|Kurs\\w+'

export const FA_WORDING: FormWording = {
  labels: FA_LABELS,
  codes: CODE_LABELS,
  numbers: new RegExp(
    `^(?:${COMMON}|P_1[345]_\\w+|P_15|P_15Z|P_15ZK|P_8BZ?|P_9[AB]Z?|P_10|P_11A?|P_11Vat|P_11(?:Netto|Vat)Z|WartoscZamowienia)$`,
  ),
  percents: /^(?:P_12Z?|P_12Z?_XII|Udzial)$/,
}

export const RR_WORDING: FormWording = {
  labels: { ...FA_LABELS, ...RR_LABELS },
  codes: RR_CODE_LABELS,
  numbers: new RegExp(`^(?:${COMMON}|P_6B|P_7|P_8|P_10|P_11|P_11_[12]W?|P_12_1W?)$`),
  percents: /^P_9$/,
}

export const UPO_WORDING: FormWording = {
  labels: UPO_LABELS,
  codes: {},
  numbers: /^(?!)/,
  percents: /^(?!)/,
}
