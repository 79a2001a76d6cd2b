import type { XmlDocument } from 'libxml2-wasm'
import { sha256Base64 } from '../crypto/digest.ts'
import type { KsefEnvironment } from '../environment.ts'
import { warsawDay } from '../wire-date.ts'
import { formOfNamespace } from './form-code.ts'
import { checkInvoiceBytes, INVOICE_BYTES_MAX, tooLarge } from './invoice-bytes.ts'
import { fault, type InvoiceFault } from './invoice-fault.ts'
import { hasNipChecksum } from './nip.ts'
import { type InvoiceFacts, type NipAt, readCheckedInvoice } from './read-invoice.ts'
import { validateDocument, withDocument } from './validate-invoice.ts'

/** Facts of an accepted invoice, with the SHA-256 in Base64 and the size in bytes that KSeF will be told. */
export type InspectedInvoice = InvoiceFacts & { readonly invoiceHash: string; readonly size: number }

export type Inspection =
  | { readonly ok: true; readonly facts: InspectedInvoice }
  | { readonly ok: false; readonly faults: readonly InvoiceFault[] }

export type InspectionSetting = { readonly now: Date; readonly environment: KsefEnvironment }

/** Form first, since it decides the schema; then the schema. */
function checkForm(document: XmlDocument): InvoiceFault[] {
  const { name, namespaceUri } = document.root
  const formCode = name === 'Faktura' ? formOfNamespace(namespaceUri) : null
  if (formCode !== null) return validateDocument(document, formCode)
  const found = `${name} in ${namespaceUri === '' ? 'no namespace' : namespaceUri}`.slice(0, 200)
  return [fault('INVOICE_UNKNOWN_FORM', `The root element is ${found}.`, { line: document.root.line })]
}

function checkFacts(facts: InvoiceFacts, nips: readonly NipAt[], setting: InspectionSetting): InvoiceFault[] {
  const faults: InvoiceFault[] = []
  if (facts.formCode.systemCode === 'FA (2)' && setting.environment !== 'test') {
    faults.push(fault('INVOICE_FORM_NOT_ACCEPTED_HERE'))
  }
  const today = warsawDay(setting.now)
  if (facts.issueDate > today) {
    faults.push(fault('INVOICE_DATED_IN_FUTURE', `Issued ${facts.issueDate}; today is ${today} in Poland.`))
  }
  // Only production checks NIPs (weryfikacja-faktury.md); on TEST and DEMO invented ones are normal.
  if (setting.environment !== 'production') return faults
  const wrong = nips.filter(({ nip }) => !hasNipChecksum(nip))
  return [
    ...faults,
    ...wrong.map(({ xpath, nip }) => fault('INVOICE_NIP_CHECKSUM', `${nip} fails its checksum.`, { xpath })),
  ]
}

/**
 * The whole acceptance check of an invoice, in the order in which one fault would hide the next: bytes,
 * well-formedness, form, schema, then dates and NIPs. What passes, KSeF accepts as far as that can be known
 * without its data: permissions and duplicates are its own to judge. Nothing here touches network or disk
 * once the schemas are compiled.
 */
export function inspectInvoice(bytes: Uint8Array, setting: InspectionSetting): Inspection {
  const outside = checkInvoiceBytes(bytes)
  if (outside.length > 0) return { ok: false, faults: outside }
  const inside = withDocument(bytes, checkForm)
  if (inside.length > 0) return { ok: false, faults: inside }
  const read = readCheckedInvoice(bytes)
  if (!read.ok) return read
  if (bytes.length > INVOICE_BYTES_MAX && !read.facts.hasAttachment) {
    return { ok: false, faults: [tooLarge(bytes.length)] }
  }
  const faults = checkFacts(read.facts, read.nips, setting)
  if (faults.length > 0) return { ok: false, faults }
  return { ok: true, facts: { ...read.facts, invoiceHash: sha256Base64(bytes), size: bytes.length } }
}
