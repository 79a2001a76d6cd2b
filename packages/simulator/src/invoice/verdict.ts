import { ParseOption, XmlDocument } from 'libxml2-wasm'
import { warsawDate } from '../clock.ts'
import { type Context, nipOf } from '../identity.ts'
import type { SessionAllowance } from '../limits/allowances.ts'
import type { Authorization } from '../stores/authorizations.ts'
import { decodeInvoice } from './byte-rules.ts'
import { type InvoiceFacts, readFacts } from './facts.ts'
import type { SupportedForm } from './form-code.ts'
import { identifierFindings } from './identifier-checks.ts'
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
  /** P_1 may not be later than the Polish day of this moment. */
  receivedAt: Date
  validate: SchemaValidation
  allowance: SessionAllowance
  /** Whether this way of sending carries attachments, and whether the taxpayer announced them. */
  attachments: { travel: boolean; consented: boolean }
  authorizes(authorization: Authorization): boolean
  /** Whether the check digits of NIPs are asked for. */
  checksIdentifiers: boolean
}

const MEGABYTE = 1_000_000

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

const NO_ATTACHMENTS = 'Brak możliwości wysyłania faktury z załącznikiem'

/**
 * Who may issue: the seller; by the seller's authorization the buyer (self-invoicing) or the tax representative
 * named in the invoice. An invoice RR is issued by its buyer, whom the supplier authorizes (uprawnienia.md).
 */
function mayIssue(
  { seller, buyer, issuedByBuyer, isSelfInvoicing, authorized }: InvoiceFacts,
  input: JudgeInput,
) {
  const issuer = nipOf(input.context)
  if (issuer === undefined) return false
  const isBuyer = buyer.identifier.type === 'Nip' && buyer.identifier.value === issuer
  const parties = { authorizing: seller.nip, authorized: issuer }
  if (issuedByBuyer) return isBuyer && input.authorizes({ type: 'RRInvoicing', ...parties })
  if (seller.nip === issuer) return true
  if (isSelfInvoicing && isBuyer) return input.authorizes({ type: 'SelfInvoicing', ...parties })
  return authorized?.nip === issuer && input.authorizes({ type: 'TaxRepresentative', ...parties })
}

function judgeFacts(facts: InvoiceFacts, input: JudgeInput): Judgement {
  const today = warsawDate(input.receivedAt)
  if (facts.issueDate > today) {
    const detail = `Data wystawienia P_1 (${facts.issueDate}) jest późniejsza niż data przyjęcia (${today}).`
    return { ...brokenContent(detail), facts }
  }
  const findings = input.checksIdentifiers ? identifierFindings(facts) : []
  if (findings.length > 0) return { ...brokenContent(...findings), facts }
  if (!mayIssue(facts, input)) {
    const detail = `Podmiot w kontekście ${input.context.value} nie może wystawić faktury sprzedawcy ${facts.seller.nip}.`
    return { ...refused(410, 'Nieprawidłowy zakres uprawnień', detail), facts }
  }
  if (facts.hasAttachment && !input.attachments.travel) {
    const detail = 'Faktury z załącznikiem przyjmowane są tylko w sesji wsadowej.'
    return { ...refused(415, NO_ATTACHMENTS, detail), facts }
  }
  if (facts.hasAttachment && !input.attachments.consented) {
    const detail = 'Podatnik nie zgłosił wysyłania faktur z załącznikiem w e-Urzędzie Skarbowym.'
    return { ...refused(415, NO_ATTACHMENTS, detail), facts }
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
  const { maxInvoiceSizeInMB, maxInvoiceWithAttachmentSizeInMB } = input.allowance
  const bytesMax = (facts.hasAttachment ? maxInvoiceWithAttachmentSizeInMB : maxInvoiceSizeInMB) * MEGABYTE
  if (input.bytes.length > bytesMax) return brokenFile(`Plik ma ponad ${bytesMax} bajtów.`)
  return judgeFacts(facts, input)
}

/** Judges the decrypted file in the order KSeF does: bytes, XML, schema, content. */
export function judge(input: JudgeInput): Judgement {
  if (input.bytes.length > input.allowance.maxInvoiceWithAttachmentSizeInMB * MEGABYTE)
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
