// Compiled schemas. libxml2 never reaches a network from WebAssembly; the absolute address under which the
// forms import the base types is served from memory.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XmlBufferInputProvider, XmlDocument, XsdValidator, xmlRegisterInputProvider } from 'libxml2-wasm'
import { schemaDirectory } from '../config.ts'
import { FORMS, type SystemCode } from './form-code.ts'

const BASE_URL = 'http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/'
const BASE_FILES = ['StrukturyDanych_v10-0E.xsd', 'ElementarneTypyDanych_v10-0E.xsd', 'KodyKrajow_v10-0E.xsd']

let baseTypesAreServed = false
const compiled = new Map<SystemCode, XsdValidator>()

function serveBaseTypes(directory: string): void {
  if (baseTypesAreServed) return
  const files = BASE_FILES.map((file) => [BASE_URL + file, readFileSync(join(directory, file))] as const)
  if (!xmlRegisterInputProvider(new XmlBufferInputProvider(Object.fromEntries(files)))) {
    throw new Error('libxml2 takes no input provider')
  }
  baseTypesAreServed = true
}

function compile(systemCode: SystemCode): XsdValidator {
  const directory = schemaDirectory()
  serveBaseTypes(directory)
  const document = XmlDocument.fromBuffer(readFileSync(join(directory, FORMS[systemCode].schemaFile)))
  try {
    return XsdValidator.fromDoc(document)
  } finally {
    document.dispose()
  }
}

/**
 * The validator of a form, compiled on first use and kept for the life of the process.
 * @throws Error when the schema files are missing: run the package's `build` first
 */
export function schemaOf(systemCode: SystemCode): XsdValidator {
  const known = compiled.get(systemCode)
  if (known !== undefined) return known
  const validator = compile(systemCode)
  compiled.set(systemCode, validator)
  return validator
}
