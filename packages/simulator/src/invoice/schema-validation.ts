import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  ParseOption,
  XmlBufferInputProvider,
  XmlDocument,
  XmlValidateError,
  XsdValidator,
  xmlRegisterInputProvider,
} from 'libxml2-wasm'
import { SUPPORTED_FORMS, type SupportedForm } from './form-code.ts'
import { SCHEMA_SUMS } from './schema-sums.ts'

/** Findings of XSD validation, empty when the document is valid; each names its line. */
export type SchemaValidation = (form: SupportedForm, document: XmlDocument) => string[]

/** FA schemas import their common types from this address; it is answered from the local files. */
const IMPORT_BASE = 'http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/'
const FINDINGS_MAX = 10
const compiled = new Map<string, Map<string, XsdValidator>>()

function readSchema(folder: string, name: string): Buffer {
  const file = path.join(folder, name)
  if (!existsSync(file)) throw new Error(`${file} is missing: run the build script of packages/simulator`)
  const bytes = readFileSync(file)
  const sum = createHash('sha256').update(bytes).digest('hex')
  if (sum !== SCHEMA_SUMS[name])
    throw new Error(`${name} in ${folder} is not the official file: SHA-256 ${sum}`)
  return bytes
}

function compileAll(folder: string): Map<string, XsdValidator> {
  const imported = Object.keys(SCHEMA_SUMS).filter((name) => !name.startsWith('schemat_'))
  const buffers = imported.map((name) => [IMPORT_BASE + name, readSchema(folder, name)])
  xmlRegisterInputProvider(new XmlBufferInputProvider(Object.fromEntries(buffers)))
  return new Map(
    SUPPORTED_FORMS.map(({ schemaFile }) => {
      const schema = XmlDocument.fromBuffer(readSchema(folder, schemaFile), {
        option: ParseOption.XML_PARSE_NONET,
      })
      return [schemaFile, XsdValidator.fromDoc(schema)]
    }),
  )
}

/**
 * Compiles the schemas of `folder` once per process: compiling costs tens of milliseconds, validating a fraction
 * of one.
 *
 * @throws Error when a file is missing or is not the official one
 */
export function createSchemaValidation(folder: string): SchemaValidation {
  const validators = compiled.get(folder) ?? compileAll(folder)
  compiled.set(folder, validators)
  return (form, document) => {
    const validator = validators.get(form.schemaFile)
    if (validator === undefined) throw new Error(`no schema for ${form.formCode.systemCode}`)
    try {
      validator.validate(document)
      return []
    } catch (error) {
      if (!(error instanceof XmlValidateError)) throw error
      return error.details.slice(0, FINDINGS_MAX).map((detail) => `${detail.line}: ${detail.message.trim()}`)
    }
  }
}
