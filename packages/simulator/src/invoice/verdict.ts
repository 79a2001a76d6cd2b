import { ParseOption, XmlDocument } from 'libxml2-wasm'
import { warsawDate } from '../clock.ts'
import { type Context, nipOf } from '../identity.ts'
import { decodeInvoice, INVOICE_BYTES_MAX, INVOICE_WITH_ATTACHMENT_BYTES_MAX } from './byte-rules.ts'
import { type InvoiceFacts, readFacts } from './facts.ts'
import type { SupportedForm } from './form-code.ts'
import type { SchemaValidation } from './schema-validation.ts'

/**
 * Whether an invoice file may be accepted, without regard to other invoices (duplicates are the register's
 * question). Codes are those of an invoice's status in the OpenAPI: 410 wrong party, 415 attachment not allowed,
 * 430 the file itself, 450 its content.
 */
export type Refused = { statusCode: 410 | 415 | 430 | 435 | 450; description: string; details: string[] }
export type Judgement = { facts: InvoiceFacts } | { refused: Refused; facts?: InvoiceFacts }

export type JudgeInput = {
  bytes: Uint8Array
  form: SupportedForm
  context: Context
  receivedAt: Date
  validate: SchemaValidation
}

const refused = (
  statusCode: Refused['statusCode'],
  description: string,
  ...details: string[]
): { refused: Refused } => ({
  refused: { statusCode, description, details },
})

const brokenFile = (...details: string[]) => refused(430, 'Błąd weryfikacji pliku faktury', ...details)
const brokenContent = (...details: string[]) =>
  refused(450, 'Błąd weryfikacji semantyki dokumentu faktury', ...details)

function parse(bytes: Uint8Array): XmlDocument | string {
  try {
    return XmlDocument.fromBuffer(bytes, {
      option: ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE,
    })
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error)
  }
}

function judgeFacts(facts: InvoiceFacts, input: JudgeInput): Judgement {
  const today = warsawDate(input.receivedAt)
  if (facts.issueDate > today) {
    const detail = `Data wystawienia P_1 (${facts.issueDate}) jest późniejsza niż data przyjęcia (${today}).`
    return { ...brokenContent(detail), facts }
  }
  if (facts.seller.nip !== nipOf(input.context)) {
    const detail = `Podmiot w kontekście ${input.context.value} nie może wystawić faktury sprzedawcy ${facts.seller.nip}.`
    return { ...refused(410, 'Nieprawidłowy zakres uprawnień', detail), facts }
  }
  if (facts.hasAttachment) {
    const detail = 'Faktury z załącznikiem przyjmowane są tylko w sesji wsadowej.'
    return { ...refused(415, 'Brak możliwości wysyłania faktury z załącznikiem', detail), facts }
  }
  return { facts }
}

function judgeDocument(document: XmlDocument, input: JudgeInput): Judgement {
  if (document.dtd !== null) return brokenFile('Deklaracja typu dokumentu nie jest dozwolona.')
  if (document.find('//processing-instruction()').length > 0)
    return brokenFile('Instrukcje przetwarzania nie są dozwolone.')
  const findings = input.validate(input.form, document)
  if (findings.length > 0) return brokenContent(...findings)
  const facts = readFacts(document)
  const bytesMax = facts.hasAttachment ? INVOICE_WITH_ATTACHMENT_BYTES_MAX : INVOICE_BYTES_MAX
  if (input.bytes.length > bytesMax) return brokenFile(`Plik ma ponad ${bytesMax} bajtów.`)
  return judgeFacts(facts, input)
}

/** Judges the decrypted file in the order KSeF does: bytes, XML, schema, content. */
export function judge(input: JudgeInput): Judgement {
  if (input.bytes.length > INVOICE_WITH_ATTACHMENT_BYTES_MAX)
    return brokenFile('Plik przekracza dozwolony rozmiar.')
  const decoded = decodeInvoice(input.bytes)
  if ('finding' in decoded) return brokenFile(decoded.finding)
  const document = parse(input.bytes)
  if (typeof document === 'string') return brokenFile(document)
  try {
    return judgeDocument(document, input)
  } finally {
    document.dispose()
  }
}
