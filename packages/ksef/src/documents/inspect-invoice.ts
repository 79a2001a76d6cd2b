import type { XmlDocument } from 'libxml2-wasm'
import { sha256Base64 } from '../crypto/digest.ts'
import type { KsefEnvironment } from '../environment.ts'
import { warsawDay } from '../wire-date.ts'
import { formOfNamespace } from './form-code.ts'
import { faHeader } from './header/fa-header.ts'
import type { InvoiceHeader } from './header/invoice-header.ts'
import { ParsedElement } from './header/parsed-element.ts'
import { readPlainXml } from './header/plain-xml.ts'
import { checkInvoiceBytes, INVOICE_BYTES_MAX, tooLarge } from './invoice-bytes.ts'
import { fault, type InvoiceFault } from './invoice-fault.ts'
import { hasNipChecksum } from './nip.ts'
import { type InvoiceFacts, type NipAt, type ReadInvoice, readFacts } from './read-invoice.ts'
import { validateDocument, withDocument } from './validate-invoice.ts'

/** Facts and head of an accepted invoice, with the SHA-256 in Base64 and the size in bytes that KSeF will be told. */
export type InspectedInvoice = InvoiceFacts & {
  readonly invoiceHash: string
  readonly size: number
  readonly header: InvoiceHeader
}

/** A fault by its code in docs/ERRORS.md or, where every rule is asked, in docs/RULES.md. */
export type InspectionFault = Omit<InvoiceFault, 'code'> & { readonly code: string }

export type Inspection =
  | { readonly ok: true; readonly facts: InspectedInvoice }
  | { readonly ok: false; readonly faults: readonly InspectionFault[] }

export type InspectionSetting = { readonly now: Date; readonly environment: KsefEnvironment }

type Valid = { readonly header: InvoiceHeader; readonly facts: ReadInvoice }

/** Form first, since it decides the schema; then the schema. What keeps it is read on while it is parsed. */
function checkForm(
  document: XmlDocument,
  { bytes, read }: { bytes: Uint8Array; read: (valid: Valid) => void },
): InvoiceFault[] {
  const { name, namespaceUri } = document.root
  const formCode = name === 'Faktura' ? formOfNamespace(namespaceUri) : null
  if (formCode !== null) {
    const faults = validateDocument(document, formCode)
    if (faults.length > 0) return faults
    // Nearly every document can be read without asking the parser element by element.
    const root = readPlainXml(bytes)?.root ?? new ParsedElement(document.root)
    read({ header: faHeader(root, formCode), facts: readFacts(root, formCode) })
    return []
  }
  const found = `${name} in ${namespaceUri === '' ? 'no namespace' : namespaceUri}`.slice(0, 200)
  return [fault('INVOICE_UNKNOWN_FORM', `The root element is ${found}.`, { line: document.root.line })]
}

/** TEST still takes the former form. */
export const checkFormHere = (facts: InvoiceFacts, { environment }: InspectionSetting): InvoiceFault[] =>
  facts.formCode.systemCode === 'FA (2)' && environment !== 'test'
    ? [fault('INVOICE_FORM_NOT_ACCEPTED_HERE')]
    : []

const issueDatePath = ({ formCode }: InvoiceFacts): string =>
  formCode.value === 'FA_RR' ? '/Faktura/FakturaRR/P_4B' : '/Faktura/Fa/P_1'

function checkFacts(facts: InvoiceFacts, nips: readonly NipAt[], setting: InspectionSetting): InvoiceFault[] {
  const faults = checkFormHere(facts, setting)
  const today = warsawDay(setting.now)
  if (facts.issueDate > today) {
    const message = `Issued ${facts.issueDate}; today is ${today} in Poland.`
    faults.push(fault('INVOICE_DATED_IN_FUTURE', message, { xpath: issueDatePath(facts) }))
  }
  // Only production checks NIPs (weryfikacja-faktury.md); on TEST and DEMO invented ones are normal.
  if (setting.environment !== 'production') return faults
  const wrong = nips.filter(({ nip }) => !hasNipChecksum(nip))
  return [
    ...faults,
    ...wrong.map(({ xpath, nip }) => fault('INVOICE_NIP_CHECKSUM', `${nip} fails its checksum.`, { xpath })),
  ]
}

type Read = Extract<ReadInvoice, { ok: true }> & { readonly header: InvoiceHeader }

/**
 * The first half of the acceptance check, and of `checkInvoice`: bytes, well-formedness, form, schema, size. What passes
 * keeps its schema, and comes with its head.
 */
export function readValidInvoice(bytes: Uint8Array): Read | Extract<ReadInvoice, { ok: false }> {
  const outside = checkInvoiceBytes(bytes)
  if (outside.length > 0) return { ok: false, faults: outside }
  const valid: Valid[] = []
  const inside = withDocument(bytes, (document) =>
    checkForm(document, { bytes, read: (one) => void valid.push(one) }),
  )
  const [found] = valid
  if (inside.length > 0 || found === undefined) return { ok: false, faults: inside }
  const { header, facts: read } = found
  if (!read.ok) return read
  return bytes.length > INVOICE_BYTES_MAX && !read.facts.hasAttachment
    ? { ok: false, faults: [tooLarge(bytes.length)] }
    : { ...read, header }
}

/**
 * The whole acceptance check of an invoice, in the order in which one fault would hide the next: bytes,
 * well-formedness, form, schema, then dates and NIPs. What passes, KSeF accepts as far as that can be known
 * without its data: permissions and duplicates are its own to judge. Nothing here touches network or disk
 * once the schemas are compiled.
 */
export function inspectInvoice(bytes: Uint8Array, setting: InspectionSetting): Inspection {
  const read = readValidInvoice(bytes)
  if (!read.ok) return read
  const faults = checkFacts(read.facts, read.nips, setting)
  if (faults.length > 0) return { ok: false, faults }
  return {
    ok: true,
    facts: { ...read.facts, invoiceHash: sha256Base64(bytes), size: bytes.length, header: read.header },
  }
}
