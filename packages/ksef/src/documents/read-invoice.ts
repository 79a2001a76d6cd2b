import { FORMS, type FormCode, formOfNamespace } from './form-code.ts'
import { contentOf, type Element } from './header/elements.ts'
import { ParsedElement } from './header/parsed-element.ts'
import { readPlainXml } from './header/plain-xml.ts'
import { checkInvoiceBytes } from './invoice-bytes.ts'
import { fault, type InvoiceFault } from './invoice-fault.ts'
import { withDocument } from './validate-invoice.ts'

/** What identifies an invoice. (sellerNip, kind, number) is KSeF's uniqueness key for ten years. */
export type InvoiceFacts = {
  readonly formCode: FormCode
  readonly namespace: string
  readonly sellerNip: string
  /** Null for a buyer without a Polish NIP. */
  readonly buyerNip: string | null
  /** The buyer issues it: self-invoicing (`P_17` is 1), or an invoice RR. */
  readonly issuedByBuyer: boolean
  /** `RodzajFaktury`, e.g. `VAT`, `KOR`. */
  readonly kind: string
  /** `P_2`; in FA_RR `P_4C`. */
  readonly number: string
  /** `P_1`; in FA_RR `P_4B`. `YYYY-MM-DD`. */
  readonly issueDate: string
  readonly hasAttachment: boolean
}

/** A NIP somewhere in the document, for the checksum that production applies. */
export type NipAt = { readonly xpath: string; readonly nip: string }

export type ReadInvoice =
  | { readonly ok: true; readonly facts: InvoiceFacts; readonly nips: readonly NipAt[] }
  | { readonly ok: false; readonly faults: readonly InvoiceFault[] }

/** The element at the end of the path; undefined where any on the way is missing or stands there twice. */
function onlyChild(root: Element, ...path: readonly string[]): Element | undefined {
  return path.reduce<Element | undefined>((at, name) => {
    const [found, ...more] = at?.children.filter((child) => child.name === name) ?? []
    return more.length === 0 ? found : undefined
  }, root)
}

const textAt = (root: Element, ...path: readonly string[]): string =>
  contentOf(onlyChild(root, ...path) ?? null) ?? ''

const BODIES = {
  FA: { body: 'Fa', number: 'P_2', issueDate: 'P_1' },
  FA_RR: { body: 'FakturaRR', number: 'P_4C', issueDate: 'P_4B' },
} as const

function factsOf(root: Element, formCode: FormCode): InvoiceFacts {
  const names = BODIES[formCode.value]
  const body = onlyChild(root, names.body)
  const field = (...path: readonly string[]) => (body === undefined ? '' : textAt(body, ...path))
  const buyerNip = textAt(root, 'Podmiot2', 'DaneIdentyfikacyjne', 'NIP')
  return {
    formCode,
    namespace: FORMS[formCode.systemCode].namespace,
    sellerNip: textAt(root, 'Podmiot1', 'DaneIdentyfikacyjne', 'NIP'),
    buyerNip: buyerNip === '' ? null : buyerNip,
    issuedByBuyer: formCode.value === 'FA_RR' || field('Adnotacje', 'P_17') === '1',
    kind: field('RodzajFaktury'),
    number: field(names.number),
    issueDate: field(names.issueDate),
    hasAttachment: root.children.some(({ name }) => name === 'Zalacznik'),
  }
}

const PARTIES = ['Podmiot1', 'Podmiot2', 'Podmiot3', 'PodmiotUpowazniony']

function nipsOf(root: Element): NipAt[] {
  return PARTIES.flatMap((party) =>
    root.children
      .filter(({ name }) => name === party)
      .flatMap((entry, index) => {
        const xpath = `/${root.name}/${party}[${index + 1}]/DaneIdentyfikacyjne`
        const nip = textAt(entry, 'DaneIdentyfikacyjne', 'NIP')
        // An internal identifier is a NIP, a dash and five digits.
        const internal = textAt(entry, 'DaneIdentyfikacyjne', 'IDWew').slice(0, 10)
        return [
          ...(nip === '' ? [] : [{ xpath: `${xpath}/NIP`, nip }]),
          ...(internal === '' ? [] : [{ xpath: `${xpath}/IDWew`, nip: internal }]),
        ]
      }),
  )
}

/** What identifies the invoice of this root, whichever reader it comes from; the document need not keep its schema. */
export function readFacts(root: Element, formCode: FormCode): ReadInvoice {
  const facts = factsOf(root, formCode)
  const { sellerNip, kind, number, issueDate } = facts
  const missing = Object.entries({ sellerNip, kind, number, issueDate }).filter(([, value]) => value === '')
  if (missing.length === 0) return { ok: true, facts, nips: nipsOf(root) }
  const faults = missing.map(([name]) =>
    fault('INVOICE_FIELD_UNREADABLE', `${name} is missing, empty or doubled.`),
  )
  return { ok: false, faults }
}

const UNKNOWN_FORM: ReadInvoice = { ok: false, faults: [fault('INVOICE_UNKNOWN_FORM')] }

function readRoot(root: Element, namespace: string): ReadInvoice {
  const formCode = root.name === 'Faktura' ? formOfNamespace(namespace) : null
  return formCode === null ? UNKNOWN_FORM : readFacts(root, formCode)
}

/**
 * Reads the fields that identify an invoice. Hostile bytes are refused first, so it may be called on a
 * document of unknown origin; it does not validate, see {@link inspectInvoice}.
 */
export function readInvoice(bytes: Uint8Array): ReadInvoice {
  const outside = checkInvoiceBytes(bytes)
  if (outside.length > 0) return { ok: false, faults: outside }
  const plain = readPlainXml(bytes)
  if (plain !== null) return readRoot(plain.root, plain.namespace)
  let read = UNKNOWN_FORM
  const unreadable = withDocument(bytes, ({ root }) => {
    read = readRoot(new ParsedElement(root), root.namespaceUri)
    return []
  })
  return unreadable.length > 0 ? { ok: false, faults: unreadable } : read
}
