/** What can be wrong with an invoice file before it is sent, and what to do. The keys are stable. */
export const INVOICE_FAULTS = {
  INVOICE_TOO_LARGE: {
    means: 'The file exceeds 1,000,000 bytes, or 3,000,000 bytes with an attachment.',
    help: 'Split the invoice or shrink its attachment.',
  },
  INVOICE_HAS_BOM: {
    means: 'The file starts with a byte order mark.',
    help: 'Save the file as UTF-8 without BOM.',
  },
  INVOICE_NOT_UTF8: {
    means: 'The bytes are not valid UTF-8, or the prolog declares another encoding.',
    help: 'Encode the file in UTF-8 and declare UTF-8 or nothing.',
  },
  INVOICE_HAS_DOCTYPE: {
    means: 'The file has a document type declaration.',
    help: 'Remove <!DOCTYPE …> and any entity of your own.',
  },
  INVOICE_HAS_PROCESSING_INSTRUCTION: {
    means: 'The file has a processing instruction.',
    help: 'Remove <?…?>; only the XML declaration at the very start is allowed.',
  },
  INVOICE_DISCOURAGED_CHARACTER: {
    means: 'The file has a character that XML discourages and KSeF refuses.',
    help: 'Remove the character; it is usually left over from another encoding.',
  },
  INVOICE_FORBIDDEN_CHARACTER: {
    means: 'The file has a control character that XML forbids.',
    help: 'Remove the character.',
  },
  INVOICE_TOO_COMPLEX: {
    means: 'A tag is longer than any invoice needs.',
    help: 'Remove the attributes that the schema does not know.',
  },
  INVOICE_NOT_XML: {
    means: 'The file is not well-formed XML 1.0.',
    help: 'Repair the place named; an XML editor shows it too.',
  },
  INVOICE_UNKNOWN_FORM: {
    means: 'Root element, namespace or form code are not those of FA(2), FA(3) or FA_RR(1).',
    help: 'Use the namespace and KodFormularza of the current form, FA(3).',
  },
  INVOICE_FORM_NOT_ACCEPTED_HERE: {
    means: 'This KSeF environment does not take the form any more.',
    help: 'Send FA(3); FA(2) is accepted on TEST only.',
  },
  INVOICE_XSD: {
    means: 'The document breaks the schema of its form.',
    help: 'Correct the element named by the line and XPath.',
  },
  INVOICE_FIELD_UNREADABLE: {
    means: 'A field that identifies the invoice is missing, empty or doubled.',
    help: "Give the seller's NIP, RodzajFaktury, number and date of issue exactly once.",
  },
  INVOICE_DATED_IN_FUTURE: {
    means: 'The date of issue lies after today in Poland.',
    help: 'Send the invoice on its date of issue or later.',
  },
  INVOICE_NIP_CHECKSUM: {
    means: 'A NIP fails its checksum.',
    help: 'Correct the NIP; production KSeF checks it.',
  },
  INVOICE_NOT_JSON: {
    means: 'The body is not a JSON object in UTF-8.',
    help: 'Send one object that is an invoice; the OpenAPI document describes it.',
  },
  INVOICE_FIELD_UNKNOWN: {
    means: 'The data has a field that an invoice does not have.',
    help: 'Use the name that is suggested, or leave the field out.',
  },
  INVOICE_FIELD_MISSING: {
    means: 'A field that this invoice needs is missing.',
    help: 'Give the field named by `pointer`.',
  },
  INVOICE_FIELD_INVALID: {
    means: 'A field has a value that it cannot have.',
    help: 'Correct the value; `message` says what is expected.',
  },
  INVOICE_FIELDS_EXCLUDE: {
    means: 'Two fields are given of which only one can hold.',
    help: 'Leave one of the two out.',
  },
  INVOICE_PRICES_MIXED: {
    means: 'Lines of one rate have values without VAT and values with VAT; no sum can be made of them.',
    help: 'Give net prices for all lines of a rate, or gross prices for all.',
  },
  INVOICE_VALUE_MISMATCH: {
    means: 'The value of a line is not what its quantity, price, discount and rate make.',
    help: 'Correct it, or leave it out and have it worked out.',
  },
  INVOICE_TOTAL_MISMATCH: {
    means: 'A total is not what the lines make, by any rounding the VAT act allows.',
    help: 'Correct it, or leave it out and have it worked out.',
  },
  INVOICE_TOTAL_MISSING: {
    means: 'A total cannot be worked out of what is given.',
    help: 'Give the total, or the values and rates of the lines.',
  },
  INVOICE_EXCHANGE_RATE_MISSING: {
    means: 'The invoice is in a foreign currency and taxed; VAT in PLN needs an exchange rate.',
    help: 'Give `exchangeRate`, for the invoice or for the line.',
  },
} as const satisfies Record<string, { means: string; help: string }>

export type InvoiceFaultCode = keyof typeof INVOICE_FAULTS

/** One thing wrong with an invoice, as precisely placed as known. Line and column count from 1. */
export type InvoiceFault = {
  readonly code: InvoiceFaultCode
  readonly message: string
  readonly help: string
  readonly line?: number
  readonly column?: number
  readonly xpath?: string
  /** JSON pointer into the data the invoice was made of. */
  readonly pointer?: string
}

/** More than this many faults of one kind help nobody. */
export const FAULTS_MAX = 20

type Place = Pick<InvoiceFault, 'line' | 'column' | 'xpath' | 'pointer'>

/** A fault with the table's words, or with more precise ones. */
export const fault = (code: InvoiceFaultCode, message?: string, place: Place = {}): InvoiceFault => ({
  code,
  message: message ?? INVOICE_FAULTS[code].means,
  help: INVOICE_FAULTS[code].help,
  ...place,
})
