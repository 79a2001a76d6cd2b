import type { SystemCode } from '../documents/form-code.ts'
import type { KsefEnvironment } from '../environment.ts'
import type { Invoice } from './document/invoice.ts'
import type { InvoiceNode } from './document/invoice-node.ts'
import type { Edit } from './examples/edit-invoice.ts'

/** The same in Polish and in English; `{name}` stands for a value of the finding. */
export type Words = { readonly pl: string; readonly en: string }

export type Severity = 'error' | 'warning'

export type RuleSetting = { readonly now: Date; readonly environment: KsefEnvironment }

/** One place that breaks a rule, and what stands there. */
export type Found = { readonly at: InvoiceNode; readonly values: Readonly<Record<string, string>> }

/** One thing an invoice must keep beyond its schema. Rules see invoices that passed the schema, and only such. */
export type Rule = {
  /** Stable. */
  readonly code: string
  /** `error-on-production`: a checksum. Elsewhere invented numbers are normal, and it warns. */
  readonly severity: Severity | 'error-on-production'
  /** KSeF itself refuses the invoice. What no rule of KSeF forbids it takes, whatever the act says. */
  readonly ksefRefuses?: true
  /** Article of the VAT act ("art. 106e ust. 1 pkt 5"), documentation of the schema, or other act by name. */
  readonly source: string
  readonly says: Words
  readonly help: Words
  /** FA(2) and FA(3) when left out. */
  readonly forms?: readonly SystemCode[]
  readonly check: (invoice: Invoice, setting: RuleSetting) => readonly Found[]
  /** Changes of the base invoice after which the rule has something to look at and finds nothing. */
  readonly passes: readonly Edit[]
  /** Changes of the base invoice after which it finds something. */
  readonly fails: readonly Edit[]
  /** Other codes that its failing example cannot help breaking too. */
  readonly alongside?: readonly string[]
}

const FA_FORMS: readonly SystemCode[] = ['FA (2)', 'FA (3)']

export const appliesTo = ({ forms = FA_FORMS }: Rule, form: SystemCode): boolean => forms.includes(form)

export const severityOf = ({ severity }: Rule, { environment }: RuleSetting): Severity => {
  if (severity !== 'error-on-production') return severity
  return environment === 'production' ? 'error' : 'warning'
}

/** A finding where the condition holds, none elsewhere. */
export const when = (
  condition: boolean,
  at: InvoiceNode,
  values: Readonly<Record<string, string>> = {},
): readonly Found[] => (condition ? [{ at, values }] : [])

export const filled = (words: string, values: Readonly<Record<string, string>>): string =>
  words.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
