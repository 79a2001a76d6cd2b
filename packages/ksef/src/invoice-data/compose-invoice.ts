/** From plain data to the XML of an invoice. */
import type * as z from 'zod'
import { FORMS, type SystemCode } from '../documents/form-code.ts'
import type { InvoiceFault } from '../documents/invoice-fault.ts'
import { FAULTS_MAX } from '../documents/invoice-fault.ts'
import { validateInvoice } from '../documents/validate-invoice.ts'
import { completeFa } from './completion/fa.ts'
import { completeFaRr } from './completion/fa-rr.ts'
import type { Completed, CompletionSetting } from './completion/setting.ts'
import { dataFault, faultsOfIssues } from './data-faults.ts'
import type { FaData } from './forms/fa.ts'
import type { FaRrData } from './forms/fa-rr.ts'
import { writeShape } from './grammar/part.ts'
import { pointerAt, printXml, withAttributes, type XmlElement, xmlElement } from './grammar/xml-element.ts'
import { formOf, INVOICE_FORMS } from './invoice-forms.ts'
import { plainData } from './plain-data.ts'

/** An invoice as data, with or without what can be worked out. */
export type InvoiceData = FaData | FaRrData

export type ComposedInvoice =
  | { readonly ok: true; readonly xml: Uint8Array; readonly data: InvoiceData; readonly root: XmlElement }
  | { readonly ok: false; readonly faults: readonly InvoiceFault[] }

export type BuiltInvoice =
  | { readonly ok: true; readonly xml: Uint8Array; readonly data: InvoiceData }
  | { readonly ok: false; readonly faults: readonly InvoiceFault[] }

/** The XML of data that lacks nothing. Nothing is worked out and nothing checked; see {@link buildInvoice}. */
export function writeInvoice(data: InvoiceData): Uint8Array {
  return Buffer.from(textOf(rootOf(data)), 'utf8')
}

function rootOf(data: InvoiceData & { form?: SystemCode }): XmlElement {
  const form = data.form ?? 'FA (3)'
  const { namespace } = FORMS[form]
  const root = xmlElement('Faktura', writeShape(INVOICE_FORMS[form].shape, data, ''), '')
  return withAttributes(root, { xmlns: namespace })
}

const textOf = (root: XmlElement): string => `<?xml version="1.0" encoding="UTF-8"?>\n${printXml(root)}`

/** Parses, completes and writes; the schema has not spoken yet. */
export function composeInvoice(given: unknown, setting: CompletionSetting): ComposedInvoice {
  const data = plainData(given)
  if (data === null) return { ok: false, faults: [dataFault('INVOICE_NOT_JSON', '')] }
  const form = formOf(data)
  if (form === null) {
    const names = Object.keys(INVOICE_FORMS).join(', ')
    return { ok: false, faults: [dataFault('INVOICE_FIELD_INVALID', '/form', `expected one of ${names}`)] }
  }
  const parsed = INVOICE_FORMS[form].schema.safeParse(data)
  if (!parsed.success) return { ok: false, faults: faultsOfIssues(parsed.error.issues, data) }
  const { data: whole, faults } = completed(form, parsed.data, setting)
  if (faults.length > 0) return { ok: false, faults: faults.slice(0, FAULTS_MAX) }
  const root = rootOf({ ...whole, form } as InvoiceData)
  return { ok: true, data: whole, root, xml: Buffer.from(textOf(root), 'utf8') }
}

function completed(
  form: SystemCode,
  data: z.output<z.ZodType>,
  setting: CompletionSetting,
): Completed<InvoiceData> {
  // The schema of the form has parsed it.
  return form === 'FA_RR (1)' ? completeFaRr(data as FaRrData, setting) : completeFa(data as FaData, setting)
}

type Placed = Pick<InvoiceFault, 'line' | 'column' | 'xpath' | 'pointer'>

/** What is wrong with the XML, with the place in the data it comes from. */
export const atTheirData = <Found extends Placed>(found: readonly Found[], root: XmlElement): Found[] =>
  found.map(({ line: _, column: _column, ...one }) => {
    const pointer = one.xpath === undefined ? undefined : pointerAt(root, one.xpath)
    // Line and column, which may always be left out, are of a file that the caller never sees.
    return { ...one, ...(pointer === undefined ? {} : { pointer }) } as Found
  })

/**
 * Builds the XML of an invoice from plain data: FA(3), or FA_RR(1) when `form` says so. What the data leaves out and the
 * law fixes is worked out; totals that are given are checked. The same data at the same time makes the same bytes. What
 * comes out keeps the schema of its form.
 *
 * @param given as JSON: numbers or texts for amounts, null for what is not there
 * @returns the bytes and the completed data, or every fault with its JSON pointer
 */
export function buildInvoice(given: unknown, setting: CompletionSetting): BuiltInvoice {
  const composed = composeInvoice(given, setting)
  if (!composed.ok) return composed
  const { xml, data, root } = composed
  const faults = validateInvoice(xml, FORMS[(data as { form?: SystemCode }).form ?? 'FA (3)'].code)
  return faults.length > 0 ? { ok: false, faults: atTheirData(faults, root) } : { ok: true, xml, data }
}
