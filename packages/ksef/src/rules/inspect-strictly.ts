import { type Inspection, inspectInvoice } from '../documents/inspect-invoice.ts'
import { checkInvoice } from './check-invoice.ts'
import type { InvoiceFinding } from './finding.ts'
import type { RuleSetting } from './rule.ts'

/** What an invoice is refused for: what KSeF would refuse, or every error of the rules as well. */
export const STRICTNESSES = ['ksef', 'strict'] as const
export type Strictness = (typeof STRICTNESSES)[number]

/** The acceptance check of `inspectInvoice`, and then every rule: their errors are faults, their warnings are not. */
export function inspectStrictly(bytes: Uint8Array, setting: RuleSetting): Inspection {
  const inspection = inspectInvoice(bytes, setting)
  if (!inspection.ok) return inspection
  const errors = checkInvoice(bytes, setting).findings.filter(({ severity }) => severity === 'error')
  return errors.length === 0 ? inspection : { ok: false, faults: errors.map(faultOf) }
}

const faultOf = ({ code, message, help, line, xpath }: InvoiceFinding) => ({
  ...{ code, message: message.en, help: help.en },
  ...(line === undefined ? {} : { line }),
  ...(xpath === undefined ? {} : { xpath }),
})

export const inspectorOf = (strictness: Strictness): typeof inspectInvoice =>
  strictness === 'strict' ? inspectStrictly : inspectInvoice
