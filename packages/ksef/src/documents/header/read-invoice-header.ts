import { ParseOption, XmlDocument, XmlLibError } from 'libxml2-wasm'
import { formOfNamespace } from '../form-code.ts'
import { INVOICE_WITH_ATTACHMENT_BYTES_MAX } from '../invoice-bytes.ts'
import { faHeader } from './fa-header.ts'
import type { InvoiceHeader } from './invoice-header.ts'
import { ParsedElement } from './parsed-element.ts'
import { readPlainXml } from './plain-xml.ts'
import { ublHeader } from './ubl-header.ts'

/**
 * A header; `unknown`: XML of a form that this version does not know, or no invoice at all; `none`: nothing that could be
 * parsed, or that anyone should.
 */
export type HeaderReading =
  | InvoiceHeader
  | { readonly form: 'unknown'; readonly root: string; readonly namespace: string }
  | { readonly form: 'none'; readonly because: 'not-xml' | 'too-large' | 'has-doctype' }

/** Nothing is loaded, no entity substituted, no network touched; depth stays capped at 256. */
const OPTIONS = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_BIG_LINES
const NAME_LENGTH_MAX = 200

/**
 * Reads the head of an invoice that somebody else made. Nothing is validated and nothing thrown: KSeF has taken it, so
 * what one field lacks must not keep the rest from being found. What is missing or cannot be read is null.
 */
export function readInvoiceHeader(bytes: Uint8Array): HeaderReading {
  if (bytes.byteLength > INVOICE_WITH_ATTACHMENT_BYTES_MAX) return { form: 'none', because: 'too-large' }
  return readPlainHeader(bytes) ?? readParsedHeader(bytes)
}

/** Of an invoice as nearly every program writes it, at a fraction of what the parser costs; null: the parser has to look. */
export function readPlainHeader(bytes: Uint8Array): InvoiceHeader | null {
  const plain = readPlainXml(bytes)
  const formCode = plain?.root.name === 'Faktura' ? formOfNamespace(plain.namespace) : null
  return plain === null || formCode === null ? null : faHeader(plain.root, formCode)
}

/** Of whatever document, by a parser that knows all of XML. */
export function readParsedHeader(bytes: Uint8Array): HeaderReading {
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(bytes, { option: OPTIONS })
  } catch (error) {
    if (error instanceof XmlLibError) return { form: 'none', because: 'not-xml' }
    throw error
  }
  try {
    // Before anything is read: the text of an element would have the entities of the declaration in it.
    return document.dtd === null
      ? readRoot(new ParsedElement(document.root))
      : { form: 'none', because: 'has-doctype' }
  } finally {
    document.dispose()
  }
}

function readRoot(root: ParsedElement): HeaderReading {
  const { name, namespaceUri } = root
  const formCode = name === 'Faktura' ? formOfNamespace(namespaceUri) : null
  if (formCode !== null) return faHeader(root, formCode)
  return (
    ublHeader(root) ?? {
      form: 'unknown',
      root: name.slice(0, NAME_LENGTH_MAX),
      namespace: namespaceUri.slice(0, NAME_LENGTH_MAX),
    }
  )
}
