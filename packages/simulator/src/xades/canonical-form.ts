import { XmlC14NMode, type XmlDocument, type XmlElement } from 'libxml2-wasm'
import { KsefRefusal } from '../refusal.ts'
import { NAMESPACES } from './namespaces.ts'

/** A canonicalization as an algorithm URI with its InclusiveNamespaces prefixes. */
export type Canonicalization = { algorithm: string; inclusivePrefixes: string[] }

export const INCLUSIVE_C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'

const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'

const MODES = new Map<string, (typeof XmlC14NMode)[keyof typeof XmlC14NMode]>([
  [INCLUSIVE_C14N, XmlC14NMode.XML_C14N_1_0],
  ['http://www.w3.org/2006/12/xml-c14n11', XmlC14NMode.XML_C14N_1_1],
  [EXCLUSIVE_C14N, XmlC14NMode.XML_C14N_EXCLUSIVE_1_0],
])

const withoutComments = (algorithm: string): string =>
  algorithm === `${EXCLUSIVE_C14N}WithComments` ? EXCLUSIVE_C14N : algorithm.replace(/#WithComments$/, '')

export const isCanonicalization = (algorithm: string): boolean => MODES.has(withoutComments(algorithm))

/** Reads ds:CanonicalizationMethod or ds:Transform. */
export function canonicalizationOf(method: XmlElement): Canonicalization {
  const algorithm = method.attr('Algorithm')?.value ?? ''
  const prefixList = method.get('./ec:InclusiveNamespaces/@PrefixList', NAMESPACES)?.content ?? ''
  return { algorithm, inclusivePrefixes: prefixList.split(/\s+/).filter((prefix) => prefix !== '') }
}

/**
 * The canonical form of a whole document or of one element with its subtree. Comments are always left out:
 * XML Signature drops them from same-document references, and we refuse documents whose SignedInfo has any.
 */
export function canonicalForm(node: XmlDocument | XmlElement, how: Canonicalization): string {
  const mode = MODES.get(withoutComments(how.algorithm))
  if (mode === undefined) throw new KsefRefusal(9105, `Nieobsługiwana kanonikalizacja ${how.algorithm}.`)
  const prefixes = how.inclusivePrefixes.map((prefix) => (prefix === '#default' ? '' : prefix))
  const options = prefixes.length === 0 ? { mode } : { mode, inclusiveNamespacePrefixes: prefixes }
  return node.canonicalizeToString({ ...options, withComments: false })
}
