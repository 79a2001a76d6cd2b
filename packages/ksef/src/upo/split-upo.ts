// The receipt of a session, UPO 4-3 (upo-v4-3.xsd): a heading and up to 10,000 `Dokument`. Read by a closed grammar: what
// does not follow it to the byte is refused, so that nobody's receipt is cut at the wrong place.
import { parseKsefNumber } from '../ksef-number.ts'
import { type PageFacts, pageIsWhole, readPageFacts } from './page-facts.ts'

/** Every reason not to split a page. */
export const UPO_REFUSALS = {
  UPO_NOT_UTF8: 'The page is not UTF-8.',
  UPO_NOT_UNDERSTOOD: 'The page is not built as the schema says, or holds what the schema has no place for.',
  UPO_NUMBER_INVALID: 'A document has a KSeF number whose checksum is wrong.',
  UPO_DOCUMENT_TWICE: 'Two documents have the same KSeF number.',
  UPO_INCOMPLETE: 'The page holds another number of documents than it says.',
} as const

export type UpoRefusal = {
  readonly code: keyof typeof UPO_REFUSALS
  /** The character of the page at which it was given up, counted from 0. */
  readonly offset: number
}

/** The receipt of one document out of a page. */
export type UpoExcerpt = {
  readonly ksefNumber: string
  /** `SkrotDokumentu`: SHA-256 of the invoice's XML in Base64. */
  readonly invoiceHash: string
  readonly xml: Uint8Array
}

export type SplitUpo =
  | {
      readonly ok: true
      readonly sessionReferenceNumber: string
      /** Absent on a receipt that is of one invoice from the start. */
      readonly page?: PageFacts
      readonly documents: readonly UpoExcerpt[]
    }
  | { readonly ok: false; readonly refusal: UpoRefusal }

const TEXT = String.raw`(?!<)[^<&]*(?:&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\dA-Fa-f]{1,6});[^<&]*)*`
const leaf = (name: string, text = TEXT): string => String.raw`\s*<${name}>${text}</${name}>`
const group = (name: string, ...members: string[]): string =>
  String.raw`\s*<${name}>${members.join('')}\s*</${name}>`
const either = (...choices: string[]): string => `(?:${choices.join('|')})`

const NUMBER = String.raw`\s*\d{1,9}\s*`
const HASH = String.raw`([A-Za-z\d+/]{43}=)`

/** A default namespace and whatever else the root says of itself; a prefix for the elements would be another grammar. */
const HEADING = new RegExp(
  String.raw`\uFEFF?(?:<\?xml\s[^?<>]*\?>)?\s*<Potwierdzenie(?=[^<>]*\sxmlns="http://upo\.schematy\.mf\.gov\.pl/KSeF/v4-3")(?:\s+[\w:.-]+="[^"<>&]*")+\s*>` +
    leaf('NazwaPodmiotuPrzyjmujacego') +
    leaf('NumerReferencyjnySesji', String.raw`([\w-]{1,100})`) +
    group(
      'Uwierzytelnienie',
      group(
        'IdKontekstu',
        either(leaf('Nip'), leaf('IdWewnetrzny'), leaf('IdZlozonyVatUE'), leaf('IdDostawcyUslugPeppol')),
      ),
      either(leaf('NumerReferencyjnyTokenaKSeF'), leaf('SkrotDokumentuUwierzytelniajacego')),
    ),
  'y',
)
const DESCRIPTION = new RegExp(
  group(
    'OpisPotwierdzenia',
    leaf('Strona', NUMBER),
    leaf('LiczbaStron', NUMBER),
    leaf('ZakresDokumentowOd', NUMBER),
    leaf('ZakresDokumentowDo', NUMBER),
    leaf('CalkowitaLiczbaDokumentow', NUMBER),
  ),
  'y',
)
const FORM = new RegExp(leaf('NazwaStrukturyLogicznej') + leaf('KodFormularza'), 'y')
const DOCUMENT = new RegExp(
  group(
    'Dokument',
    leaf('NipSprzedawcy'),
    leaf('NumerKSeFDokumentu', String.raw`([\dA-F-]{35,36})`),
    leaf('NumerFaktury'),
    leaf('DataWystawieniaFaktury'),
    leaf('DataPrzeslaniaDokumentu'),
    leaf('DataNadaniaNumeruKSeF'),
    leaf('SkrotDokumentu', HASH),
    leaf('TrybWysylki', 'O(?:n|ff)line'),
  ),
  'y',
)
const END = /\s*<\/Potwierdzenie>\s*/y
/** The schema has no place for a signature; where one stands at the end all the same, it is left out. */
const SIGNATURE =
  /\s*<((?:[\w.-]+:)?)Signature\s[^<>]*"http:\/\/www\.w3\.org\/2000\/09\/xmldsig#"[^<>]*>(?:(?!<\/?Dokument\b)[\s\S])*<\/\1Signature>/y

class NotUnderstood extends Error {
  readonly refusal: UpoRefusal

  constructor(code: UpoRefusal['code'], offset: number) {
    super(UPO_REFUSALS[code])
    this.refusal = { code, offset }
  }
}

/** Goes over a text once, from one expected piece to the next. */
function openReader(text: string) {
  let offset = 0
  const take = (piece: RegExp): RegExpExecArray | null => {
    piece.lastIndex = offset
    const match = piece.exec(text)
    offset += match?.[0].length ?? 0
    return match
  }
  return {
    take,
    must: (piece: RegExp): RegExpExecArray => take(piece) ?? refuse('UPO_NOT_UNDERSTOOD', offset),
    offset: () => offset,
    ended: () => offset === text.length,
  }
}

function refuse(code: UpoRefusal['code'], offset: number): never {
  throw new NotUnderstood(code, offset)
}

type Reader = ReturnType<typeof openReader>
type Found = { readonly ksefNumber: string; readonly invoiceHash: string; readonly xml: string }

function readDocuments(reader: Reader): Found[] {
  const found: Found[] = []
  const numbers = new Set<string>()
  for (;;) {
    const offset = reader.offset()
    const match = found.length === 0 ? reader.must(DOCUMENT) : reader.take(DOCUMENT)
    if (match === null) return found
    const [xml, ksefNumber = '', invoiceHash = ''] = match
    if (parseKsefNumber(ksefNumber) === null) refuse('UPO_NUMBER_INVALID', offset)
    if (numbers.size === numbers.add(ksefNumber).size) refuse('UPO_DOCUMENT_TWICE', offset)
    found.push({ ksefNumber, invoiceHash, xml })
  }
}

function split(text: string): SplitUpo {
  const reader = openReader(text)
  const [heading, sessionReferenceNumber = ''] = reader.must(HEADING)
  const description = reader.take(DESCRIPTION)
  const [form] = reader.must(FORM)
  const found = readDocuments(reader)
  reader.take(SIGNATURE)
  const [end] = reader.must(END)
  if (!reader.ended()) refuse('UPO_NOT_UNDERSTOOD', reader.offset())
  const page = description === null ? undefined : readPageFacts(description[0])
  if (!pageIsWhole(page, found.length)) refuse('UPO_INCOMPLETE', reader.offset())
  const documents = found.map(({ xml, ...facts }) => ({
    ...facts,
    xml: Buffer.from(heading + form + xml + end, 'utf8'),
  }))
  return { ok: true, sessionReferenceNumber, ...(page === undefined ? {} : { page }), documents }
}

/**
 * Cuts a page of a session's UPO into a receipt for each of its documents: the page's heading, without what it says of
 * the page itself, and the one `Dokument`, both to the byte as KSeF wrote them. That is the form in which KSeF receipts
 * a single invoice. A page that is not understood is refused whole.
 *
 * An excerpt is no document that KSeF gave out. Where the page is signed or its hash matters (`x-ms-meta-hash`), the
 * excerpt has neither; so the page is to be kept.
 */
export function splitUpo(page: Uint8Array): SplitUpo {
  try {
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(page)
    } catch {
      return refuse('UPO_NOT_UTF8', 0)
    }
    return split(text)
  } catch (error) {
    if (error instanceof NotUnderstood) return { ok: false, refusal: error.refusal }
    throw error
  }
}
