import { INVOICE_FAULTS, type InvoiceFault } from '../documents/invoice-fault.ts'
import { FAULT_WORDS } from './fault-words.ts'
import {
  type Found,
  filled,
  type Rule,
  type RuleSetting,
  type Severity,
  severityOf,
  type Words,
} from './rule.ts'

/** One thing wrong with an invoice, for people in both languages and for programs by its code. */
export type InvoiceFinding = {
  /** Stable: of a rule (docs/RULES.md) or of the acceptance check (docs/ERRORS.md). */
  readonly code: string
  readonly severity: Severity
  /** KSeF itself would refuse the invoice for this. */
  readonly ksefRefuses: boolean
  readonly message: Words
  readonly help: Words
  /** Where it is written: an article of the VAT act, documentation of the schema, or a page of KSeF's. */
  readonly source: string
  readonly line?: number
  readonly column?: number
  readonly xpath?: string
  /** JSON pointer, where the invoice came as data. */
  readonly pointer?: string
}

export const findingOf = (rule: Rule, { at, values }: Found, setting: RuleSetting): InvoiceFinding => ({
  code: rule.code,
  severity: severityOf(rule, setting),
  ksefRefuses: rule.ksefRefuses === true && severityOf(rule, setting) === 'error',
  message: { pl: filled(rule.says.pl, values), en: filled(rule.says.en, values) },
  help: rule.help,
  source: rule.source,
  line: at.line,
  xpath: at.xpath,
})

/** A fault of the acceptance check; what it says beyond its table's words is the same in both languages. */
export function findingOfFault({ code, message, help, ...place }: InvoiceFault): InvoiceFinding {
  const { pl, source, ofData } = FAULT_WORDS[code]
  const isMore = message !== INVOICE_FAULTS[code].means
  return {
    code,
    severity: 'error',
    ksefRefuses: ofData !== true,
    message: { pl: isMore ? `${pl.means} (${message})` : pl.means, en: message },
    help: { pl: pl.help, en: help },
    source,
    ...place,
  }
}
