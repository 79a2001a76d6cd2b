import { fault, type InvoiceFault } from '../documents/invoice-fault.ts'
import { readInvoice } from '../documents/read-invoice.ts'
import type { InvoiceData } from './compose-invoice.ts'
import { readWhole, UnreadElement } from './grammar/part.ts'
import { parseXml } from './grammar/xml-element.ts'
import { INVOICE_FORMS } from './invoice-forms.ts'

export type InvoiceDataRead =
  | { readonly ok: true; readonly data: InvoiceData }
  | { readonly ok: false; readonly faults: readonly InvoiceFault[] }

/**
 * Reads an invoice, FA(3), FA(2) or FA_RR(1), back into data. Nothing of it is lost: `writeInvoice` of the data makes the
 * same invoice again. It does not validate; what the form does not know is a fault.
 */
export function readInvoiceData(xml: Uint8Array): InvoiceDataRead {
  const read = readInvoice(xml)
  if (!read.ok) return read
  try {
    const { shape } = INVOICE_FORMS[read.facts.formCode.systemCode]
    // Every part reads what its own schema describes.
    return { ok: true, data: readWhole(shape, parseXml(xml)) as InvoiceData }
  } catch (error) {
    if (error instanceof UnreadElement) return { ok: false, faults: [fault('INVOICE_XSD', error.message)] }
    throw error
  }
}
