import { ParseOption, XmlDocument, XmlLibError } from 'libxml2-wasm'
import { elementPath } from './element-path.ts'
import type { FormCode } from './form-code.ts'
import { FAULTS_MAX, fault, type InvoiceFault, type InvoiceFaultCode } from './invoice-fault.ts'
import { schemaOf } from './schema.ts'

/** No DTD is loaded, no entity substituted, no network touched; depth stays capped at 256. */
const OPTIONS = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_BIG_LINES

const MESSAGE_MAX = 500

type Detail = XmlLibError['details'][number]

const faultOfDetail = (code: InvoiceFaultCode, detail: Detail): InvoiceFault =>
  fault(code, detail.message.trim().slice(0, MESSAGE_MAX), {
    ...(detail.line > 0 ? { line: detail.line } : {}),
    ...(detail.col > 0 ? { column: detail.col } : {}),
    ...(detail.xpath === undefined ? {} : { xpath: detail.xpath }),
  })

function faultsOfError(code: InvoiceFaultCode, error: unknown): InvoiceFault[] {
  if (!(error instanceof XmlLibError)) throw error
  const details = error.details.slice(0, FAULTS_MAX).map((detail) => faultOfDetail(code, detail))
  return details.length > 0 ? details : [fault(code, error.message.trim().slice(0, MESSAGE_MAX))]
}

/**
 * Parses a document and hands it over, then frees it. Byte rules come first, see `checkInvoiceBytes`: this
 * function trusts that there is no document type declaration.
 */
export function withDocument(
  bytes: Uint8Array,
  use: (document: XmlDocument) => InvoiceFault[],
): InvoiceFault[] {
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(bytes, { option: OPTIONS })
  } catch (error) {
    return faultsOfError('INVOICE_NOT_XML', error)
  }
  try {
    return use(document)
  } finally {
    document.dispose()
  }
}

/** Validates a parsed document against the schema of a form. */
export function validateDocument(document: XmlDocument, formCode: FormCode): InvoiceFault[] {
  try {
    schemaOf(formCode.systemCode).validate(document)
    return []
  } catch (error) {
    return faultsOfError('INVOICE_XSD', error).map((found) =>
      found.xpath === undefined ? found : { ...found, xpath: elementPath(document, found.xpath) },
    )
  }
}

/**
 * Validates an invoice against the schema of its form: line and XPath of each fault, at most 20. The schema
 * is compiled once per process.
 */
export const validateInvoice = (bytes: Uint8Array, formCode: FormCode): InvoiceFault[] =>
  withDocument(bytes, (document) => validateDocument(document, formCode))
