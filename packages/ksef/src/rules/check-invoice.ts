import { checkFormHere, readValidInvoice } from '../documents/inspect-invoice.ts'
import { FAULTS_MAX } from '../documents/invoice-fault.ts'
import type { InvoiceFacts } from '../documents/read-invoice.ts'
import type { CompletionSetting } from '../invoice-data/completion/setting.ts'
import { atTheirData } from '../invoice-data/compose-invoice.ts'
import { composeFromJson } from '../invoice-data/inspect-invoice-data.ts'
import { RULES } from './all-rules.ts'
import { type Invoice, invoiceOf } from './document/invoice.ts'
import { parseNodes } from './document/parse-nodes.ts'
import { findingOf, findingOfFault, type InvoiceFinding } from './finding.ts'
import { appliesTo, type RuleSetting } from './rule.ts'

/** `facts` are null where the document is so broken that what identifies it cannot be told. */
export type InvoiceCheck = {
  readonly facts: InvoiceFacts | null
  readonly findings: readonly InvoiceFinding[]
}

/** Errors first, each group in document order. */
const byWeight = (one: InvoiceFinding, other: InvoiceFinding): number =>
  one.severity === other.severity ? (one.line ?? 0) - (other.line ?? 0) : one.severity === 'error' ? -1 : 1

/** More than {@link FAULTS_MAX} of one rule help nobody. */
const findingsOf = (invoice: Invoice, setting: RuleSetting): InvoiceFinding[] =>
  RULES.filter((rule) => appliesTo(rule, invoice.form)).flatMap((rule) =>
    rule
      .check(invoice, setting)
      .slice(0, FAULTS_MAX)
      .map((found) => findingOf(rule, found, setting)),
  )

/**
 * Everything there is to say about an invoice before it is sent. Bytes, well-formedness, form and schema come first, as in
 * `inspectInvoice`, since none of the rules could read a document that breaks them; then every rule, and all their findings
 * at once. An invoice that the acceptance check refuses has an error here; not each error here is refused there, since KSeF
 * does not look at sums. Nothing touches network or disk once the schemas are compiled.
 */
export function checkInvoice(bytes: Uint8Array, setting: RuleSetting): InvoiceCheck {
  const read = readValidInvoice(bytes)
  if (!read.ok) return { facts: null, findings: read.faults.map(findingOfFault) }
  const invoice = invoiceOf(parseNodes(bytes), read.facts, read.nips)
  const findings = [
    ...checkFormHere(read.facts, setting).map(findingOfFault),
    ...findingsOf(invoice, setting),
  ]
  return { facts: read.facts, findings: findings.toSorted(byWeight) }
}

/**
 * The same of an invoice as JSON: what its data lacks or contradicts, else everything about the document that it makes, with
 * the JSON pointer of the field, written by the caller or filled in, beside the XPath.
 */
export function checkInvoiceData(json: Uint8Array, setting: RuleSetting & CompletionSetting): InvoiceCheck {
  const composed = composeFromJson(json, setting)
  if (!composed.ok) return { facts: null, findings: composed.faults.map(findingOfFault) }
  const { facts, findings } = checkInvoice(composed.xml, setting)
  return { facts, findings: atTheirData(findings, composed.root) }
}
