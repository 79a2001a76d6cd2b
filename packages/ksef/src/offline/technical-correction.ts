/**
 * Whether a file may be sent as the technical correction of a rejected offline invoice (korekta-techniczna.md): its content
 * has to be the same, only what kept KSeF from taking the file may differ.
 */
import { formOfNamespace } from '../documents/form-code.ts'
import { checkInvoiceBytes } from '../documents/invoice-bytes.ts'
import { fault, type InvoiceFault } from '../documents/invoice-fault.ts'
import { validateDocument, withDocument } from '../documents/validate-invoice.ts'
import { parseXml } from '../invoice-data/grammar/xml-element.ts'
import { type Content, contentOf, everyStepCounted, parentOf } from './content.ts'

const SHOWN_MAX = 200

/** A place where two files differ; null where one of them has nothing there. At most 200 characters of each. */
export type Difference = {
  /** `/Faktura/Fa/FaWiersz[3]/P_11` */
  readonly xpath: string
  readonly original: string | null
  readonly corrected: string | null
}

/**
 * - `same`: `repaired` lists the differences that stand where the original broke its schema. The header (`Naglowek`), white
 *   space, comments, prefixes and the order of elements of different names never count. Amounts count as written.
 * - `different`: the first place where the content differs.
 * - `unreadable`: one of the files is no XML of a known form, so that nothing can be said.
 */
export type TechnicalCorrection =
  | { readonly kind: 'same'; readonly repaired: readonly Difference[] }
  | { readonly kind: 'different'; readonly first: Difference }
  | {
      readonly kind: 'unreadable'
      readonly file: 'original' | 'corrected'
      readonly faults: readonly InvoiceFault[]
    }

type ReadFile = {
  readonly content: Content
  /** Where it breaks the schema of its form. */
  readonly broken: readonly string[]
}

function readFile(bytes: Uint8Array): ReadFile | readonly InvoiceFault[] {
  const outside = checkInvoiceBytes(bytes)
  if (outside.length > 0) return outside
  let broken: string[] = []
  const faults = withDocument(bytes, (document) => {
    const form = formOfNamespace(document.root.namespaceUri)
    if (form === null) return [fault('INVOICE_UNKNOWN_FORM')]
    broken = validateDocument(document, form).flatMap(({ xpath }) =>
      xpath === undefined ? [] : [everyStepCounted(xpath)],
    )
    return []
  })
  return faults.length > 0 ? faults : { content: contentOf(parseXml(bytes)), broken }
}

const isFaults = (read: ReadFile | readonly InvoiceFault[]): read is readonly InvoiceFault[] =>
  Array.isArray(read)

/** What the codes on the invoice say, and what KSeF tells invoices apart by (kody-qr.md; weryfikacja-faktury.md). */
const IDENTITY: ReadonlySet<string> = new Set(
  [
    '/Faktura/Podmiot1/DaneIdentyfikacyjne/NIP',
    ...['P_1', 'P_2', 'RodzajFaktury'].map((name) => `/Faktura/Fa/${name}`),
    ...['P_4B', 'P_4C', 'RodzajFaktury'].map((name) => `/Faktura/FakturaRR/${name}`),
  ].map(everyStepCounted),
)

/** The outermost element on the way to a place that the content does not have. */
function outermostMissing({ elements }: Content, place: string): string {
  let missing = place
  while (parentOf(missing) !== '' && !elements.has(parentOf(missing))) missing = parentOf(missing)
  return missing
}

/**
 * Whether the schema of the original is broken just there: the value is one it does not allow, or the element is missing
 * or out of place in a list that it does not allow. An element of which the other file has its like is never that.
 */
function isRepair(place: string, original: ReadFile, corrected: ReadFile): boolean {
  if (IDENTITY.has(place)) return false
  const { broken } = original
  if (broken.includes(place.replace(/\/@[^/]*$/, ''))) return true
  const lacking = [original, corrected].find(({ content }) => !content.values.has(place))
  if (lacking === undefined) return false
  const missing = outermostMissing(lacking.content, place)
  const list = parentOf(missing)
  return missing.endsWith('[1]') && broken.some((at) => at === list || parentOf(at) === list)
}

function differencesOf(original: Content, corrected: Content): string[] {
  const places = new Set([...original.values.keys(), ...corrected.values.keys()])
  return [...places].filter((place) => original.values.get(place)?.text !== corrected.values.get(place)?.text)
}

/**
 * Compares the rejected file with the one to be sent in its place, element by element.
 *
 * Where the original broke its schema, a value may change, come or go, except what identifies the invoice: the seller's
 * NIP, the date of issue, the number and the kind, which are in the codes that buyers already hold.
 */
export function technicalCorrectionOf(original: Uint8Array, corrected: Uint8Array): TechnicalCorrection {
  const before = readFile(original)
  if (isFaults(before)) return { kind: 'unreadable', file: 'original', faults: before }
  const after = readFile(corrected)
  if (isFaults(after)) return { kind: 'unreadable', file: 'corrected', faults: after }

  const describe = (place: string): Difference => {
    const [old, young] = [before.content.values.get(place), after.content.values.get(place)]
    return {
      xpath: old?.xpath ?? young?.xpath ?? place,
      original: old?.text.slice(0, SHOWN_MAX) ?? null,
      corrected: young?.text.slice(0, SHOWN_MAX) ?? null,
    }
  }
  const places = differencesOf(before.content, after.content)
  const first = places.find((place) => !isRepair(place, before, after))
  return first === undefined
    ? { kind: 'same', repaired: places.map(describe) }
    : { kind: 'different', first: describe(first) }
}
