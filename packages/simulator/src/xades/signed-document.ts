import { ParseOption, XmlDocument, XmlElement } from 'libxml2-wasm'
import { KsefRefusal } from '../refusal.ts'
import { AUTH_TOKEN_NAMESPACES, NAMESPACES } from './namespaces.ts'

/**
 * The shape of a signed AuthTokenRequest, checked before any digest is computed. Signature wrapping lives on
 * ambiguity, so everything that matters must occur exactly once and at its place: one signature, one request,
 * one SignedInfo, one SignedProperties, no identifier twice (podpis-xades.md: enveloped or enveloping only).
 */
export type SignedDocument = {
  /** As received. */
  bytes: Uint8Array
  document: XmlDocument
  signature: XmlElement
  signedInfo: XmlElement
  signedProperties: XmlElement
  /** The AuthTokenRequest element. */
  request: XmlElement
  packaging: 'enveloped' | 'enveloping'
}

const BYTES_MAX = 1_000_000

export const elementsAt = (from: XmlElement | XmlDocument, path: string): XmlElement[] =>
  from.find(path, NAMESPACES).filter((node): node is XmlElement => node instanceof XmlElement)

export function onlyElement(from: XmlElement | XmlDocument, path: string): XmlElement {
  const [element, ...others] = elementsAt(from, path)
  if (element === undefined || others.length > 0) {
    throw new KsefRefusal(
      9105,
      `Oczekiwano dokładnie jednego elementu ${path}, znaleziono ${others.length + (element ? 1 : 0)}.`,
    )
  }
  return element
}

export function parseXml(bytes: Uint8Array): XmlDocument {
  if (bytes.length === 0 || bytes.length > BYTES_MAX) throw new KsefRefusal(9101, 'Rozmiar dokumentu.')
  const text = decodeUtf8(bytes)
  if (/<!DOCTYPE/i.test(text)) throw new KsefRefusal(9101, 'Deklaracja typu dokumentu nie jest dozwolona.')
  try {
    return XmlDocument.fromBuffer(bytes, {
      option: ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE,
    })
  } catch (error) {
    throw new KsefRefusal(9101, error instanceof Error ? error.message.trim() : String(error))
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new KsefRefusal(21217, 'Dokument nie jest zapisany w UTF-8.')
  }
}

function refuseRepeatedIds(document: XmlDocument): void {
  const ids = document
    .find("//@*[local-name()='Id' or local-name()='ID' or local-name()='id']")
    .map((id) => id.content)
  if (new Set(ids).size !== ids.length)
    throw new KsefRefusal(9105, 'Identyfikatory w dokumencie powtarzają się.')
}

function findRequest(document: XmlDocument): XmlElement {
  const [request, ...others] = elementsAt(document, "//*[local-name()='AuthTokenRequest']")
  if (request === undefined || !AUTH_TOKEN_NAMESPACES.includes(request.namespaceUri)) {
    throw new KsefRefusal(21401, 'Brak elementu AuthTokenRequest w przestrzeni nazw auth/token/2.0 lub 2.1.')
  }
  if (others.length > 0) throw new KsefRefusal(9105, 'Więcej niż jeden element AuthTokenRequest.')
  return request
}

function packagingOf(
  document: XmlDocument,
  signature: XmlElement,
  request: XmlElement,
): SignedDocument['packaging'] {
  const root = document.root
  if (root.isSameNode(request) && signature.parent?.isSameNode(request) === true) return 'enveloped'
  const inObject = elementsAt(signature, './ds:Object').some(
    (object) => request.parent?.isSameNode(object) === true,
  )
  if (root.isSameNode(signature) && inObject) return 'enveloping'
  throw new KsefRefusal(9105, 'Podpis musi być otaczany albo otaczający.')
}

/**
 * Reads a signed document and refuses ambiguous ones (9101 not XML, 9102 unsigned, 9103 several signatures,
 * 9105 ambiguous, 21217 encoding, 21401 not an AuthTokenRequest). The caller disposes of `document`.
 */
export function readSignedDocument(bytes: Uint8Array): SignedDocument {
  const document = parseXml(bytes)
  try {
    const [signature, ...others] = elementsAt(document, '//ds:Signature')
    if (signature === undefined) throw new KsefRefusal(9102)
    if (others.length > 0) throw new KsefRefusal(9103)
    refuseRepeatedIds(document)
    const request = findRequest(document)
    onlyElement(document, '//ds:SignedInfo')
    onlyElement(document, '//xades:SignedProperties')
    const packaging = packagingOf(document, signature, request)
    const qualifying = onlyElement(signature, './ds:Object/xades:QualifyingProperties')
    if (qualifying.attr('Target')?.value !== `#${signature.attr('Id')?.value}`) {
      throw new KsefRefusal(9105, 'QualifyingProperties nie wskazuje podpisu.')
    }
    return {
      bytes,
      document,
      signature,
      request,
      packaging,
      signedInfo: onlyElement(signature, './ds:SignedInfo'),
      signedProperties: onlyElement(qualifying, './xades:SignedProperties'),
    }
  } catch (error) {
    document.dispose()
    throw error
  }
}
