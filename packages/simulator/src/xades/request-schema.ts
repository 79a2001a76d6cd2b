import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ParseOption, XmlDocument, XmlValidateError, XsdValidator } from 'libxml2-wasm'

/**
 * The official schemas of AuthTokenRequest, when the folder of official files is at hand. Without it the reader's own
 * checks stand alone: they ask for the same elements, identifiers and addresses.
 */
export type RequestSchema = (namespace: string, request: string) => string[]

const FILES = {
  'http://ksef.mf.gov.pl/auth/token/2.0': 'schemat_auth_v2-0.xsd',
  'http://ksef.mf.gov.pl/auth/token/2.1': 'schemat_auth_v2-1.xsd',
}
const OPTIONS = { option: ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE }
const compiled = new Map<string, XsdValidator>()

/**
 * The official patterns, as the ministry's parser reads them: XSD patterns are anchored by themselves, so `^` and `$`
 * are no characters to look for; `\b`, in the addresses of schema 2.0, is no XSD expression at all (2.1 mended that),
 * so those patterns are left to the reader, which is stricter.
 */
const readable = (schema: string): string =>
  schema
    .replaceAll(/<xsd:pattern value="[^"]*\\b[^"]*"\s*\/>/g, '')
    .replaceAll(/(<xsd:pattern value=")\^?([^"]*?)\$?("\s*\/>)/g, '$1$2$3')

function validatorOf(file: string): XsdValidator {
  const known = compiled.get(file)
  if (known !== undefined) return known
  const schema = XmlDocument.fromString(readable(readFileSync(file, 'utf8')), OPTIONS)
  const made = XsdValidator.fromDoc(schema)
  compiled.set(file, made)
  return made
}

/**
 * What the schema finds wrong. An `Id` on the root is the signature's, by which an enveloping one refers to its content,
 * and is not held against the request.
 */
function findings(validator: XsdValidator, request: string): string[] {
  const document = XmlDocument.fromString(request, OPTIONS)
  try {
    document.root.attr('Id')?.remove()
    validator.validate(document)
    return []
  } catch (error) {
    if (!(error instanceof XmlValidateError)) throw error
    return error.details.map((detail) => detail.message.trim())
  } finally {
    document.dispose()
  }
}

/** @param folder that holds the `schemat_auth_*.xsd` files; without them everything passes. */
export function createRequestSchema(folder: string | undefined): RequestSchema {
  const files = Object.entries(FILES).map(([namespace, name]) => [namespace, path.join(folder ?? '', name)])
  if (folder === undefined || !files.every(([, file]) => existsSync(file ?? ''))) return () => []
  const validators = new Map(files.map(([namespace = '', file = '']) => [namespace, validatorOf(file)]))
  return (namespace, request) => {
    const validator = validators.get(namespace)
    return validator === undefined ? [] : findings(validator, request)
  }
}
