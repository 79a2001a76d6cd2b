import type { XmlElement } from 'libxml2-wasm'
import { KsefRefusal } from '../refusal.ts'
import { digestBy } from './algorithms.ts'
import {
  type Canonicalization,
  canonicalForm,
  canonicalizationOf,
  INCLUSIVE_C14N,
  isCanonicalization,
} from './canonical-form.ts'
import { elementsAt, onlyElement, parseXml, type SignedDocument } from './signed-document.ts'

/**
 * The references of SignedInfo. Exactly one covers the whole AuthTokenRequest and exactly one the
 * SignedProperties; others may only point inside the signature itself (KeyInfo, for instance).
 */
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
const XPATH = 'http://www.w3.org/TR/1999/REC-xpath-19991116'
const NOT_THE_SIGNATURE = /^not\(\s*ancestor-or-self::(\w+:)?Signature\s*\)$/
const SIGNED_PROPERTIES_TYPE = 'http://uri.etsi.org/01903#SignedProperties'

type Covers = 'request' | 'signed-properties' | 'own-part'
type Reference = {
  covers: Covers
  target: XmlElement
  enveloped: boolean
  canonicalization: Canonicalization
  digestMethod: string
  digestValue: string
}

function targetOf(signed: SignedDocument, uri: string): XmlElement {
  if (uri === '') return signed.document.root
  if (!/^#[\p{L}_][\p{L}\p{N}._-]*$/u.test(uri))
    throw new KsefRefusal(9105, `Nieobsługiwany adres referencji ${uri}.`)
  const id = uri.slice(1)
  return onlyElement(signed.document, `//*[@Id='${id}' or @ID='${id}' or @id='${id}']`)
}

function coverage(signed: SignedDocument, target: XmlElement): Covers {
  if (target.isSameNode(signed.signedProperties)) return 'signed-properties'
  const enclosing = signed.packaging === 'enveloping' && signed.request.parent?.isSameNode(target) === true
  if (target.isSameNode(signed.request) || enclosing) return 'request'
  if (signed.packaging === 'enveloping' && target.isSameNode(signed.document.root)) {
    throw new KsefRefusal(9105, 'Podpis otaczający nie może obejmować samego siebie.')
  }
  for (let node: XmlElement | null = target; node !== null; node = node.parent) {
    if (node.isSameNode(signed.signature)) return 'own-part'
  }
  throw new KsefRefusal(9105, 'Referencja nie obejmuje dokumentu ani podpisu.')
}

function isEnveloping(transform: XmlElement): boolean {
  const algorithm = transform.attr('Algorithm')?.value
  if (algorithm === ENVELOPED) return true
  return algorithm === XPATH && NOT_THE_SIGNATURE.test(onlyElement(transform, './ds:XPath').content.trim())
}

function readReference(signed: SignedDocument, element: XmlElement): Reference {
  const target = targetOf(signed, element.attr('URI')?.value ?? '')
  const covers = coverage(signed, target)
  let enveloped = false
  let canonicalization: Canonicalization = { algorithm: INCLUSIVE_C14N, inclusivePrefixes: [] }
  for (const transform of elementsAt(element, './ds:Transforms/ds:Transform')) {
    const algorithm = transform.attr('Algorithm')?.value ?? ''
    if (isEnveloping(transform)) enveloped = true
    else if (isCanonicalization(algorithm)) canonicalization = canonicalizationOf(transform)
    else throw new KsefRefusal(9105, `Nieobsługiwana transformata ${algorithm}.`)
  }
  if (covers === 'signed-properties' && element.attr('Type')?.value !== SIGNED_PROPERTIES_TYPE) {
    throw new KsefRefusal(9105, 'Referencja do SignedProperties ma nieprawidłowy typ.')
  }
  if ((covers === 'request' && signed.packaging === 'enveloped') !== enveloped) {
    throw new KsefRefusal(9105, 'Transformata enveloped-signature użyta w niewłaściwym miejscu.')
  }
  return {
    covers,
    target,
    enveloped,
    canonicalization,
    digestMethod: onlyElement(element, './ds:DigestMethod').attr('Algorithm')?.value ?? '',
    digestValue: onlyElement(element, './ds:DigestValue').content.replaceAll(/\s/g, ''),
  }
}

/** The request without its signature, canonicalized: a second parse, so that the original stays whole. */
export function withoutSignature(signed: SignedDocument, canonicalization: Canonicalization): string {
  const copy = parseXml(signed.bytes)
  try {
    onlyElement(copy, '//ds:Signature').remove()
    return canonicalForm(copy.root, canonicalization)
  } finally {
    copy.dispose()
  }
}

/** Recomputes every digest; 9105 when one differs or when the two obligatory references are not both there. */
export function verifyReferences(signed: SignedDocument): void {
  const references = elementsAt(signed.signedInfo, './ds:Reference').map((one) => readReference(signed, one))
  for (const covers of ['request', 'signed-properties'] as const) {
    const count = references.filter((reference) => reference.covers === covers).length
    if (count !== 1) throw new KsefRefusal(9105, `Referencji rodzaju ${covers}: ${count}, oczekiwano jednej.`)
  }
  for (const reference of references) {
    const covered = reference.enveloped
      ? withoutSignature(signed, reference.canonicalization)
      : canonicalForm(reference.target, reference.canonicalization)
    if (digestBy(reference.digestMethod, covered) !== reference.digestValue) {
      throw new KsefRefusal(9105, `Skrót referencji rodzaju ${reference.covers} nie zgadza się z treścią.`)
    }
  }
}
